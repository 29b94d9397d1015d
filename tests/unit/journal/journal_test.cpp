#include "journal/journal.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "support/journal_records.hpp"

namespace halftone::journal {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kPath = "trials.jsonl";

class Journal : public testing::Test {
protected:
    void write(const std::vector<Record>& records) {
        Writer writer(*files_, kPath, read_journal(*files_, kPath).valid_bytes);
        for (const Record& record : records) writer.append(record);
    }
    void append_raw(std::string_view bytes) { files_->open_append(kPath)->append(bytes); }
    [[nodiscard]] Replay replay() const { return read_journal(*files_, kPath); }
    [[nodiscard]] std::string text() const { return files_->read(kPath); }

    std::unique_ptr<MemoryFileSystem> files_ = make_memory_file_system();
};

TEST_F(Journal, AMissingOrEmptyFileIsAnEmptyReplay) {
    EXPECT_TRUE(replay().records.empty());
    files_->write_atomically(kPath, "");
    EXPECT_TRUE(replay().records.empty());
    EXPECT_EQ(replay().why_dropped, "");
}

TEST_F(Journal, ReplaysWhatWasAppendedOverSeveralSessions) {
    const std::vector<Record> run = sample_run();
    write({run.begin(), run.begin() + 3});
    write({run.begin() + 3, run.end()});
    EXPECT_EQ(replay().records, run);
    EXPECT_EQ(replay().valid_bytes, text().size());
    EXPECT_EQ(replay().dropped_bytes, 0U);
}

TEST_F(Journal, ARecordIsOnDiskWhenAppendReturns) {
    Writer writer(*files_, kPath, 0);
    writer.append(sample_header());
    files_->crash();
    EXPECT_EQ(replay().records, std::vector<Record>{sample_header()});
}

TEST_F(Journal, AnUnfinishedLastLineIsDroppedAndCutOffByTheNextWriter) {
    write({sample_header()});
    const std::size_t whole = text().size();
    append_raw(R"({"type":"basel)");
    EXPECT_EQ(replay().valid_bytes, whole);
    EXPECT_EQ(replay().dropped_bytes, 14U);
    EXPECT_EQ(replay().why_dropped, "trials.jsonl:2: the last line is unfinished");
    write({Resume{0, 1}});
    EXPECT_EQ(replay().records, (std::vector<Record>{sample_header(), Resume{0, 1}}));
}

TEST_F(Journal, ADamagedLastLineIsDroppedWithItsReason) {
    write({sample_header()});
    append_raw("garbage\n");
    EXPECT_EQ(replay().records.size(), 1U);
    EXPECT_EQ(replay().why_dropped, "trials.jsonl:2: the line does not end with its crc");
}

TEST_F(Journal, DamageBeforeTheLastLineIsAnErrorThatPoints) {
    write({sample_header()});
    append_raw("garbage\n" + to_line(Resume{0, 1}) + "\n");
    try {
        static_cast<void>(replay());
        FAIL() << "nothing was thrown";
    } catch (const IoError& e) {
        EXPECT_THAT(e.what(), StartsWith("trials.jsonl:2: the line does not end with its crc"));
    }
}

TEST_F(Journal, OneWriterAtATime) {
    const Writer writer(*files_, kPath, 0);
    try {
        const Writer second(*files_, kPath, 0);
        FAIL() << "nothing was thrown";
    } catch (const ConfigError& e) {
        EXPECT_THAT(e.what(), AllOf(HasSubstr(kPath), HasSubstr("another process")));
    }
}

TEST_F(Journal, AMovedWriterKeepsTheLock) {
    Writer writer(*files_, kPath, 0);
    Writer moved(std::move(writer));
    moved.append(sample_header());
    EXPECT_THROW(Writer(*files_, kPath, 0), ConfigError);
}

TEST_F(Journal, RecordsThatAppearedBetweenReadingAndLockingAreNotCutOff) {
    write({sample_header()});
    const std::size_t read_early = replay().valid_bytes;
    write({Resume{0, 1}});
    EXPECT_THROW(Writer(*files_, kPath, read_early), ConfigError);
    EXPECT_EQ(replay().records.size(), 2U);
}

TEST_F(Journal, AFullDiskLeavesWholeRecordsOnlyAndEndsTheWriter) {
    Writer writer(*files_, kPath, 0);
    writer.append(sample_header());
    files_->fail_after_bytes(20);
    EXPECT_THROW(writer.append(Resume{0, 1}), IoError);
    EXPECT_EQ(text(), to_line(sample_header()) + "\n");
    files_->fail_after_bytes(-1);
    EXPECT_THROW(writer.append(Resume{0, 1}), IoError);
}

TEST(Difference, NamesTheFirstFieldThatDiffersWithBothValues) {
    EXPECT_EQ(difference(sample_header(), sample_header()), "");
    Header other = sample_header();
    other.model = "0000000000000000";
    EXPECT_EQ(difference(sample_header(), other), "model: journal has 9be2d1f0a7c34e58, this run has 0000000000000000");
    other.seed = 1;
    EXPECT_EQ(difference(sample_header(), other), "seed: journal has 9527, this run has 1");
}

TEST(Difference, SeesEveryField) {
    for (std::string Header::*field : {&Header::version, &Header::strategy, &Header::isa, &Header::config,
                                       &Header::model, &Header::data, &Header::space}) {
        Header other = sample_header();
        other.*field = "changed";
        EXPECT_NE(difference(sample_header(), other), "");
    }
}

}  // namespace
}  // namespace halftone::journal
