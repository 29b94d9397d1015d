#include "journal/workspace.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "support/journal_records.hpp"

namespace halftone::journal {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class WorkspaceTest : public testing::Test {
protected:
    [[nodiscard]] Workspace open(bool resume, const Header& header = sample_header(), int ranks = 1) const {
        return {*files_, "runs/a", resume, header, ranks};
    }
    [[nodiscard]] std::vector<Record> records() const { return read_journal(*files_, "runs/a/trials.jsonl").records; }

    template <class Failure>
    [[nodiscard]] std::string refusal_of(bool resume, const Header& header = sample_header()) const {
        try {
            (void)open(resume, header);
        } catch (const Failure& error) {
            return error.what();
        }
        return "(nothing was thrown)";
    }

    std::unique_ptr<MemoryFileSystem> files_ = make_memory_file_system();
};

TEST_F(WorkspaceTest, ANewRunCreatesTheFolderAndWritesItsHeader) {
    Workspace workspace = open(false);
    EXPECT_TRUE(workspace.replay().empty());
    EXPECT_EQ(records(), std::vector<Record>{sample_header()});
    EXPECT_EQ(workspace.path("best.yaml"), "runs/a/best.yaml");
}

TEST_F(WorkspaceTest, WritesWholeFilesBesideTheJournal) {
    Workspace workspace = open(false);
    workspace.write("best.yaml", "format: 1\n");
    workspace.write("best.yaml", "format: 1\ntrial: 2\n");
    EXPECT_EQ(files_->read("runs/a/best.yaml"), "format: 1\ntrial: 2\n");
    EXPECT_EQ(files_->list("runs/a"), (std::vector<std::string>{"best.yaml", "trials.jsonl"}));
}

TEST_F(WorkspaceTest, AResumedRunNamesTheLineOfATrialThatIsMissing) {
    {
        Workspace earlier = open(false);
        earlier.journal().append(Trial{.trial = 0});
        earlier.journal().append(Trial{.trial = 2});
    }
    EXPECT_THAT(refusal_of<IoError>(true),
                HasSubstr("--resume: runs/a/trials.jsonl:3: trial 2 stands where trial 1 belongs"));
}

TEST_F(WorkspaceTest, ANewRunRefusesAFolderThatHoldsOne) {
    { const Workspace earlier = open(false); }
    EXPECT_THAT(refusal_of<ConfigError>(false),
                AllOf(HasSubstr("'runs/a' holds a run already"), HasSubstr("--resume")));
    EXPECT_EQ(records().size(), 1U);
}

// The user's config may be called run.yaml, and its model best.onnx, in a folder that serves as workspace.
TEST_F(WorkspaceTest, ANewRunRefusesAFolderWithFilesThatItWouldOverwrite) {
    for (const char* name : {"best.onnx", "best.yaml", "run.yaml", "study.json", "calibration.h5", "tune.log"}) {
        files_ = make_memory_file_system();
        files_->create_directories("runs/a");
        files_->write_atomically(std::string("runs/a/") + name, "mine");
        EXPECT_THAT(refusal_of<ConfigError>(false),
                    HasSubstr(std::string("'runs/a' has a file ") + name + ", which the run would overwrite"));
        EXPECT_EQ(files_->read(std::string("runs/a/") + name), "mine");
        EXPECT_FALSE(files_->exists("runs/a/trials.jsonl"));
    }
    files_->write_atomically("runs/a/model.onnx", "mine");
    files_->remove("runs/a/tune.log");
    EXPECT_NO_THROW(open(false));
}

TEST_F(WorkspaceTest, AResumeRefusesAFolderWithoutARunAndCreatesNothing) {
    EXPECT_THAT(refusal_of<ConfigError>(true), HasSubstr("'runs/a' holds no run (trials.jsonl is missing)"));
    EXPECT_FALSE(files_->exists("runs/a"));
}

TEST_F(WorkspaceTest, AResumedRunGetsTheRecordsAndNotesTheSession) {
    {
        Workspace earlier = open(false);
        const std::vector<Record> run = sample_run();
        for (auto record = run.begin() + 1; record != run.end(); ++record) earlier.journal().append(*record);
    }
    const Workspace workspace = open(true, sample_header(), 4);
    EXPECT_EQ(workspace.replay(), sample_run());
    std::int64_t trials = 0;
    for (const Record& record : sample_run()) trials += std::holds_alternative<Trial>(record) ? 1 : 0;
    EXPECT_EQ(std::get<Resume>(records().back()), (Resume{.trials = trials, .ranks = 4}));
    EXPECT_EQ(records().size(), sample_run().size() + 1);
}

TEST_F(WorkspaceTest, AResumeRefusesADifferingHeaderByItsField) {
    { const Workspace earlier = open(false); }
    Header other = sample_header();
    other.model = "0000000000000000";
    EXPECT_THAT(refusal_of<ConfigError>(true, other),
                AllOf(HasSubstr("runs/a/trials.jsonl"), HasSubstr("model"), HasSubstr("choose another --workspace")));
    EXPECT_EQ(records(), std::vector<Record>{sample_header()});
}

TEST_F(WorkspaceTest, AJournalWithoutAHeaderInFrontIsDamaged) {
    files_->create_directories("runs/a");
    files_->write_atomically("runs/a/trials.jsonl", to_line(Resume{.trials = 0, .ranks = 1}) + "\n");
    EXPECT_THAT(refusal_of<IoError>(true), HasSubstr("the first record is no header"));
}

TEST_F(WorkspaceTest, AResumeWritesTheHeaderThatAnEarlierSessionDidNotFinish) {
    files_->create_directories("runs/a");
    files_->write_atomically("runs/a/trials.jsonl", R"({"type":"hea)");
    const Workspace workspace = open(true);
    EXPECT_TRUE(workspace.replay().empty());
    EXPECT_EQ(records(), std::vector<Record>{sample_header()});
}

TEST_F(WorkspaceTest, AnUnfinishedLastRecordIsCutOff) {
    { const Workspace earlier = open(false); }
    files_->open_append("runs/a/trials.jsonl")->append(R"({"type":"basel)");
    { const Workspace workspace = open(true); }
    EXPECT_EQ(records(), (std::vector<Record>{sample_header(), Resume{.trials = 0, .ranks = 1}}));
}

TEST_F(WorkspaceTest, AFileInPlaceOfTheFolderIsRefused) {
    files_->create_directories("runs");
    files_->write_atomically("runs/a", "a file");
    EXPECT_THAT(refusal_of<IoError>(false), HasSubstr("workspace 'runs/a' is not a folder"));
}

TEST_F(WorkspaceTest, TwoSessionsCannotHoldOneFolder) {
    const Workspace first = open(false);
    EXPECT_THAT(refusal_of<ConfigError>(true), HasSubstr("another process is using this workspace"));
}

}  // namespace
}  // namespace halftone::journal
