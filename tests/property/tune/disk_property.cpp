// A fault at every step that a run takes on its disk: an error, a full disk, a kill, a power loss. Whatever happens,
// nothing is half written and nothing is lost: whole files are old or new, the journal is a prefix of the undisturbed
// run's, and a resumed run ends with the files of a run that nothing disturbed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <set>

#include "journal/workspace.hpp"
#include "support/faulty_file_system.hpp"
#include "support/toy_tuning.hpp"

namespace halftone {
namespace {

using namespace test;

const std::string kFolder = "/runs/a";
const std::string kJournal = kFolder + "/trials.jsonl";

/// Writes the best model as the application does: first the model, then the plan that names its numbers.
class DeliveringListener final : public tune::Listener {
public:
    explicit DeliveringListener(journal::Workspace& workspace) : workspace_(workspace) {}
    void on_baseline(const Score&) override {}
    void on_trial(const tune::FinishedTrial&, const std::string&, const tune::Progress&) override {}
    void on_best(const tune::FinishedTrial& best, const Score&) override {
        const std::string number = std::to_string(best.trial.value);
        workspace_.write("best.onnx", "model of trial " + number + std::string(200, '.'));
        workspace_.write("best.yaml", "trial: " + number + "\n");
    }

private:
    journal::Workspace& workspace_;
};

/// Ten trials, of which several are the best for a while.
ToyProblem disk_problem() { return listed_problem({0.6, 0.7, 0.65, 0.8, 0.75, 0.7, 0.85, 0.8, 0.895, 0.9}); }

/// A run's folder, and sessions that work in it.
struct DiskRun {
    std::unique_ptr<MemoryFileSystem> memory = make_memory_file_system();
    FaultyFileSystem disk{*memory};
    ToyProblem problem = disk_problem();
    Hooks hooks;
    std::unique_ptr<Ledger> ledger = std::make_unique<Ledger>();
    FakeClock clock;
    std::atomic<bool> stop{false};

    /// One session on one rank, in the steps of the command tune. A user adds --resume where there is a journal.
    void session() {
        const bool is_resumed = memory->exists(kJournal);
        journal::Workspace workspace(disk, kFolder, is_resumed, journal::sample_header(), 1);
        workspace.write("study.json", "facts of the run");
        const auto comm = make_local_communicator();
        ToyEvaluator evaluator(problem, hooks, *ledger, RankId{0});
        ToyServices services(problem, workspace.journal(), clock, stop);
        DeliveringListener listener(workspace);
        (void)tune::run_coordinator(*comm, evaluator, problem.settings, services, listener, workspace.replay());
        workspace.write("run.yaml", "result: done\n");
    }

    /// Every file with its bytes.
    [[nodiscard]] std::map<std::string, std::string> files() const {
        std::map<std::string, std::string> all;
        if (!memory->is_directory(kFolder)) return all;
        for (const std::string& name : memory->list(kFolder)) all[name] = memory->read(kFolder + "/" + name);
        return all;
    }
    /// The journal's records as text, without sessions and times.
    [[nodiscard]] std::vector<std::string> lasting_lines() const {
        std::vector<std::string> lines;
        for (journal::Record record : journal::read_journal(*memory, kJournal).records) {
            if (std::holds_alternative<journal::Resume>(record)) continue;
            // Written again with the baseline that was lost behind it.
            if (std::holds_alternative<journal::Difficulty>(record)) continue;
            if (auto* baseline = std::get_if<journal::Baseline>(&record)) baseline->result.wall_s = 0;
            if (auto* trial = std::get_if<journal::Trial>(&record)) {
                trial->result.wall_s = 0;
                trial->elapsed_ms = 0;
            }
            if (auto* end = std::get_if<journal::End>(&record)) end->elapsed_ms = 0;
            lines.push_back(journal::to_line(record));
            lines.back().resize(lines.back().find(",\"crc\""));
        }
        return lines;
    }
};

class DiskFault : public testing::TestWithParam<Fault> {
protected:
    void SetUp() override {
        undisturbed_.session();
        steps_ = undisturbed_.disk.steps();
        final_files_ = undisturbed_.files();
    }

    /// Runs into the fault. @return whether the session ended by it
    static bool runs_into(DiskRun& run, int step, Fault fault) {
        run.disk.fault_at(step, fault);
        bool is_hit = true;
        try {
            run.session();
            is_hit = false;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ExitCode::io) << "step " << step << ": " << error.what();
        } catch (const Killed&) {
            if (fault == Fault::power_loss) run.memory->crash();
        }
        run.disk.fault_at(0, fault);
        return is_hit;
    }

    /// Whole files are whole, and the journal is a beginning of the undisturbed one.
    void expect_nothing_half_written(const DiskRun& run) {
        const std::vector<std::string> want = undisturbed_.lasting_lines();
        const std::vector<std::string> have = run.lasting_lines();
        ASSERT_LE(have.size(), want.size());
        EXPECT_TRUE(std::equal(have.begin(), have.end(), want.begin()));
        for (const auto& [name, bytes] : run.files()) {
            const bool is_constant = name == "study.json" || name == "run.yaml";
            EXPECT_TRUE(!is_constant || bytes == final_files_.at(name)) << name;
            EXPECT_TRUE(name != "best.onnx" || bytes.size() == final_files_.at(name).size());
            if (name != "best.yaml") continue;
            // The plan is of a trial that the journal has.
            const std::string trial = "\"trial\":" + bytes.substr(7, bytes.size() - 8) + ",";
            EXPECT_THAT(have, testing::Contains(testing::HasSubstr(trial)));
        }
    }

    /// How many trials the journal has by now.
    static std::set<std::int64_t> finished(const DiskRun& run) {
        std::set<std::int64_t> all;
        for (const journal::Record& record : journal::read_journal(*run.memory, kJournal).records) {
            if (const auto* trial = std::get_if<journal::Trial>(&record)) all.insert(trial->trial);
        }
        return all;
    }

    void expect_resumes_to_the_same(DiskRun& run) {
        const std::set<std::int64_t> before = finished(run);
        run.ledger = std::make_unique<Ledger>();
        run.session();
        for (const std::int64_t trial : run.ledger->trials()) EXPECT_FALSE(before.contains(trial)) << "trial " << trial;
        EXPECT_EQ(run.lasting_lines(), undisturbed_.lasting_lines());
        auto have = run.files();
        have.erase("trials.jsonl");  // its times and sessions differ
        auto want = final_files_;
        want.erase("trials.jsonl");
        EXPECT_EQ(have, want);
    }

    DiskRun undisturbed_;
    int steps_ = 0;
    std::map<std::string, std::string> final_files_;
};

TEST_P(DiskFault, AtAnyStepLeavesWhatAResumedRunCanComplete) {
    ASSERT_GT(steps_, 60);
    for (int step = 1; step <= steps_; ++step) {
        SCOPED_TRACE("step " + std::to_string(step));
        DiskRun run;
        EXPECT_TRUE(runs_into(run, step, GetParam())) << "an error of the disk was passed over";
        expect_nothing_half_written(run);
        expect_resumes_to_the_same(run);
        if (HasFailure()) return;
    }
}

TEST_P(DiskFault, WhileARunIsResumedLosesNothingEither) {
    // The first session ends in the middle; the second one meets the fault at each of its steps.
    for (int step = 1;; ++step) {
        SCOPED_TRACE("step " + std::to_string(step));
        DiskRun run;
        runs_into(run, steps_ / 2, Fault::kill);
        const std::set<std::int64_t> before = finished(run);
        const bool is_hit = runs_into(run, step, GetParam());
        expect_nothing_half_written(run);
        const std::set<std::int64_t> after = finished(run);
        EXPECT_TRUE(std::includes(after.begin(), after.end(), before.begin(), before.end()));
        expect_resumes_to_the_same(run);
        if (HasFailure() || !is_hit) return;
    }
}

std::string fault_name(const testing::TestParamInfo<Fault>& info) {
    constexpr std::array kNames{"Error", "FullDisk", "Kill", "PowerLoss"};
    return kNames.at(static_cast<std::size_t>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Any, DiskFault, testing::Values(Fault::error, Fault::full, Fault::kill, Fault::power_loss),
                         fault_name);

}  // namespace
}  // namespace halftone
