// What every FileSystem does, run over POSIX and its twin in memory.
#include "base/file_system.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "support/temporary_folder.hpp"

namespace halftone {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

struct Kind {
    const char* name;
    std::unique_ptr<FileSystem> (*make)();
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

class FileSystems : public testing::TestWithParam<Kind> {
protected:
    FileSystems() { files_->create_directories(folder_.path()); }
    [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
    /// The message of the IoError that `action` throws.
    template <class Action>
    static std::string io_error(Action action) {
        try {
            action();
        } catch (const IoError& e) {
            return e.what();
        }
        ADD_FAILURE() << "no IoError";
        return {};
    }

    TemporaryFolder folder_;
    std::unique_ptr<FileSystem> files_ = GetParam().make();
};

INSTANTIATE_TEST_SUITE_P(All, FileSystems,
                         testing::Values(Kind{"posix", &make_posix_file_system},
                                         Kind{"memory",
                                              [] { return std::unique_ptr<FileSystem>(make_memory_file_system()); }}),
                         [](const auto& suite) { return std::string(suite.param.name); });

TEST_P(FileSystems, ReadsBackWhatWasWrittenAnyBytes) {
    const std::string bytes("a\0b\n\xff", 5);
    files_->write_atomically(path("f"), bytes);
    EXPECT_EQ(files_->read(path("f")), bytes);
    const std::string large(100'000, 'x');
    files_->write_atomically(path("f"), large);
    EXPECT_EQ(files_->read(path("f")), large);
    EXPECT_THAT(files_->list(folder_.path()), ElementsAre("f"));  // no .tmp stays
}

TEST_P(FileSystems, AppendsAtTheEndAlsoAfterReopening) {
    files_->open_append(path("log"))->append("one\n");
    const auto log = files_->open_append(path("log"));
    log->append("two\n");
    log->sync();
    EXPECT_EQ(files_->read(path("log")), "one\ntwo\n");
}

TEST_P(FileSystems, TruncatesAndGoesOnFromThere) {
    const auto log = files_->open_append(path("log"));
    log->append("one\ntw");
    log->truncate(4);
    log->append("2\n");
    EXPECT_EQ(files_->read(path("log")), "one\n2\n");
}

TEST_P(FileSystems, CreatesFoldersWithParentsAndMayRepeat) {
    files_->create_directories(path("a/b/c"));
    files_->create_directories(path("a/b/c"));
    files_->create_directories(path("a/b/d/"));
    EXPECT_TRUE(files_->is_directory(path("a/b/c")));
    EXPECT_THAT(files_->list(path("a/b")), ElementsAre("c", "d"));
}

TEST_P(FileSystems, ListsNamesSorted) {
    for (const char* name : {"b", "a", "c"}) files_->write_atomically(path(name), "");
    EXPECT_THAT(files_->list(folder_.path()), ElementsAre("a", "b", "c"));
}

TEST_P(FileSystems, KnowsWhatExists) {
    files_->write_atomically(path("f"), "");
    EXPECT_TRUE(files_->exists(path("f")));
    EXPECT_FALSE(files_->is_directory(path("f")));
    EXPECT_TRUE(files_->exists(folder_.path()));
    EXPECT_FALSE(files_->exists(path("g")));
}

TEST_P(FileSystems, TellsFilesFromFoldersAndTheirSize) {
    files_->write_atomically(path("f"), "12345");
    EXPECT_TRUE(files_->is_file(path("f")));
    EXPECT_FALSE(files_->is_file(folder_.path()));
    EXPECT_FALSE(files_->is_file(path("none")));
    EXPECT_FALSE(files_->is_link(path("f")));
    EXPECT_EQ(files_->size(path("f")), 5);
    EXPECT_THAT(io_error([&] { static_cast<void>(files_->size(path("none"))); }), HasSubstr("cannot find the size of"));
    EXPECT_THAT(io_error([&] { static_cast<void>(files_->size(folder_.path())); }), HasSubstr("Is a directory"));
}

TEST_P(FileSystems, ReadsAPartAndNothingBeyondTheEnd) {
    files_->write_atomically(path("f"), "0123456789");
    EXPECT_EQ(files_->read_part(path("f"), 3, 4), "3456");
    EXPECT_EQ(files_->read_part(path("f"), 10, 0), "");
    EXPECT_THAT(io_error([&] { static_cast<void>(files_->read_part(path("f"), 8, 3)); }),
                HasSubstr("it ends before byte 11"));
    EXPECT_THAT(io_error([&] { static_cast<void>(files_->read_part(path("f"), 11, 0)); }), HasSubstr("it ends before"));
    EXPECT_THROW(static_cast<void>(files_->read_part(path("f"), 1, UINT64_MAX)), IoError);
}

TEST_P(FileSystems, ReadsNoMoreThanTheLimit) {
    files_->write_atomically(path("f"), "12345");
    EXPECT_EQ(files_->read(path("f"), 5), "12345");
    EXPECT_THAT(io_error([&] { static_cast<void>(files_->read(path("f"), 4)); }),
                HasSubstr("it has 5 bytes; at most 4 are read"));
}

TEST_P(FileSystems, RemovesFilesOnly) {
    files_->write_atomically(path("f"), "");
    files_->remove(path("f"));
    EXPECT_FALSE(files_->exists(path("f")));
    EXPECT_THAT(io_error([&] { files_->remove(path("f")); }),
                AllOf(HasSubstr("cannot remove"), HasSubstr("No such file or directory")));
    EXPECT_THAT(io_error([&] { files_->remove(folder_.path()); }), HasSubstr("Is a directory"));
}

TEST_P(FileSystems, CommitsAFileThatIsReadyOverAnOldOne) {
    files_->write_atomically(path("f"), "old");
    files_->open_append(path("f.tmp"))->append("new");
    files_->commit(path("f.tmp"), path("f"));
    EXPECT_EQ(files_->read(path("f")), "new");
    EXPECT_THAT(files_->list(folder_.path()), ElementsAre("f"));
    EXPECT_THAT(io_error([&] { files_->commit(path("f.tmp"), path("f")); }), HasSubstr("cannot open"));
}

TEST_P(FileSystems, ErrorsNameOperationPathAndReason) {
    EXPECT_THAT(io_error([&] { static_cast<void>(files_->read(path("none"))); }),
                AllOf(HasSubstr("cannot open"), HasSubstr(path("none")), HasSubstr("No such file or directory")));
    EXPECT_THAT(io_error([&] { static_cast<void>(files_->read(folder_.path())); }), HasSubstr("Is a directory"));
    EXPECT_THAT(io_error([&] { static_cast<void>(files_->open_append(path("no/f"))); }),
                AllOf(HasSubstr("cannot open for appending"), HasSubstr("No such file or directory")));
    EXPECT_THAT(io_error([&] { files_->write_atomically(path("no/f"), ""); }), HasSubstr("cannot write"));
    EXPECT_THAT(io_error([&] { static_cast<void>(files_->list(path("no"))); }), HasSubstr("cannot list"));
    files_->write_atomically(path("f"), "");
    EXPECT_THAT(io_error([&] { files_->create_directories(path("f/g")); }), HasSubstr("cannot create folder"));
}

TEST_P(FileSystems, ALockIsExclusiveUntilItsOwnerEnds) {
    auto lock = files_->try_lock(path("f"));
    ASSERT_NE(lock, nullptr);
    EXPECT_TRUE(files_->exists(path("f")));
    EXPECT_EQ(files_->try_lock(path("f")), nullptr);
    EXPECT_NE(files_->try_lock(path("g")), nullptr);
    lock.reset();
    EXPECT_NE(files_->try_lock(path("f")), nullptr);
}

TEST_P(FileSystems, ALockedFileKeepsItsContentAndCanBeAppendedTo) {
    files_->write_atomically(path("f"), "old ");
    const auto lock = files_->try_lock(path("f"));
    files_->open_append(path("f"))->append("new");
    EXPECT_EQ(files_->read(path("f")), "old new");
}

}  // namespace
}  // namespace halftone
