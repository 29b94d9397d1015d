// A run that is cut off anywhere and resumed gives what an undisturbed run gives, and repeats no finished trial.
#include <gmock/gmock.h>

#include "support/toy_searches.hpp"

namespace halftone {
namespace {

using namespace test;

/// Trials whose result is in the journal, as a trial or early.
std::set<std::int64_t> finished_trials(const ToyRun& toy) {
    std::set<std::int64_t> all;
    for (const auto& trial : toy.records_of<journal::Trial>()) all.insert(trial.trial);
    for (const auto& partial : toy.records_of<journal::Partial>()) all.insert(partial.of);
    return all;
}

class AnyCut : public testing::TestWithParam<Search> {
protected:
    /// The journal of a run on four ranks. Trial 0 is held back until a later one is there, as a partial record; not
    /// for long, because some searches wait for it.
    std::string whole_journal() {
        ToyRun toy(GetParam().make());
        toy.hooks.on_shard = [&](const Job& job, std::int64_t shard, RankId) {
            for (int wait = 0; wait < 100 && job.trial.value == 0 && shard == 0; ++wait) {
                if (!toy.records_of<journal::Partial>().empty()) break;
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
        };
        toy.run(4, std::chrono::microseconds(200), 5);
        return toy.journal_text();
    }

    void expect_resumes_to_the_same(const std::string& journal_text, int ranks) {
        SCOPED_TRACE("cut to " + std::to_string(journal_text.size()) + " bytes, ranks " + std::to_string(ranks));
        ToyRun toy(GetParam().make(), journal_text);
        const std::set<std::int64_t> before = finished_trials(toy);
        const bool has_baseline = !toy.records_of<journal::Baseline>().empty();
        const tune::RunResult result = toy.run(ranks, std::chrono::microseconds(50), journal_text.size());
        ASSERT_EQ(traces(toy, result), expected_);
        // Candidates that were evaluated together are so again where the journal has only some of them.
        for (const std::vector<std::int64_t>& job : toy.ledger->jobs()) {
            const auto is_known = [&](std::int64_t trial) { return before.contains(trial); };
            ASSERT_FALSE(std::all_of(job.begin(), job.end(), is_known)) << job.front() << " again";
        }
        ASSERT_EQ(toy.ledger->shards_of(JobKind::baseline), has_baseline ? 0 : 3);
    }

    const Traces expected_ = expected_traces(GetParam());
};

INSTANTIATE_TEST_SUITE_P(All, AnyCut, testing::ValuesIn(searches()),
                         [](const testing::TestParamInfo<Search>& test) { return test.param.name; });

TEST_P(AnyCut, AfterAnyRecord) {
    const std::string text = whole_journal();
    int ranks = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', end + 1)) {
        ranks = ranks % 4 + 1;
        expect_resumes_to_the_same(text.substr(0, end + 1), ranks);
        if (HasFatalFailure()) return;
    }
}

/// A session sees of a cut journal only its whole records and where they end (journal_property.cpp cuts at every byte,
/// too). So it is enough to run a session where these two change, and in the middle; everywhere else they are compared.
TEST_P(AnyCut, AtAnyByteOfTheLastTrial) {
    const std::string text = whole_journal();
    const std::size_t begin = text.rfind("{\"type\":\"trial\"");
    const std::size_t end = text.find('\n', begin);
    const auto replay_of = [&](std::size_t size) {
        const auto files = make_memory_file_system();
        files->write_atomically("/journal", text.substr(0, size));
        return journal::read_journal(*files, "/journal");
    };
    const auto expected = replay_of(begin);
    for (std::size_t size = begin; size <= end; ++size) {
        const auto replay = replay_of(size);
        ASSERT_EQ(replay.records.size(), expected.records.size()) << size;
        ASSERT_EQ(replay.valid_bytes, expected.valid_bytes) << size;
    }
    for (const std::size_t size : {begin, begin + 1, (begin + end) / 2, end, end + 1}) {
        expect_resumes_to_the_same(text.substr(0, size), 1 + static_cast<int>(size % 2));
        if (HasFatalFailure()) return;
    }
}

TEST_P(AnyCut, InsideTheHeader) {
    for (const std::size_t size : {1U, 20U}) expect_resumes_to_the_same(whole_journal().substr(0, size), 1);
}

class AnyStop : public testing::TestWithParam<std::tuple<Search, int>> {};

INSTANTIATE_TEST_SUITE_P(All, AnyStop, testing::Combine(testing::ValuesIn(searches()), testing::Values(1, 2, 4)),
                         [](const testing::TestParamInfo<std::tuple<Search, int>>& test) {
                             return std::get<0>(test.param).name + "_" + std::to_string(std::get<1>(test.param));
                         });

/// The flag rises again and again after a random number of shards, until a session is left alone to the end.
TEST_P(AnyStop, AndResumeGiveTheSame) {
    const auto& [search, ranks] = GetParam();
    const Traces expected = expected_traces(search);
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        ToyRun toy(search.make());
        Rng rng(seed);
        tune::RunResult result{.reason = tune::EndReason::interrupted, .best = {}, .baseline = {}};
        for (int session = 0; result.reason == tune::EndReason::interrupted; ++session) {
            ASSERT_LT(session, 60) << "every session gets further";
            const std::set<std::int64_t> before = finished_trials(toy);
            std::atomic<std::int64_t> shards_left{session == 40 ? 1'000'000
                                                                : static_cast<std::int64_t>(7 + rng.below(60))};
            toy.stop = false;
            toy.hooks.on_shard = [&](const Job&, std::int64_t, RankId) {
                if (--shards_left == 0) toy.stop = true;
            };
            result = toy.run(ranks, std::chrono::microseconds(100), seed);
            for (const std::int64_t trial : toy.ledger->trials()) ASSERT_FALSE(before.contains(trial));
            if (result.reason != tune::EndReason::interrupted) break;
            ASSERT_TRUE(toy.records_of<journal::End>().empty());
            ASSERT_EQ(toy.listener.delivered.empty(), !result.best);
            ASSERT_TRUE(!result.best || toy.listener.delivered.back() == result.best->trial.value);
        }
        EXPECT_EQ(traces(toy, result), expected) << "seed " << seed;
    }
}

}  // namespace
}  // namespace halftone
