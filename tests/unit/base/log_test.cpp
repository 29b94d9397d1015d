#include "base/log.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "support/temporary_folder.hpp"

namespace halftone::log {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;

class Log : public testing::Test {
protected:
    void TearDown() override {
        close_file();
        configure(Level::info, 0);
    }
    /// What `action` writes to stderr.
    template <class Action>
    static std::string stderr_of(Action action) {
        testing::internal::CaptureStderr();
        action();
        return testing::internal::GetCapturedStderr();
    }
};

TEST_F(Log, ALineHoldsTimeLevelRankRoomAndText) {
    configure(Level::info, 0);
    EXPECT_THAT(
        stderr_of([] { info("tune", "trial={} accuracy={}", 3, 0.9311); }),
        MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+\\.[0-9]+ info 0 tune trial=3 accuracy=0.9311\n"));
}

TEST_F(Log, TheLevelDecidesWhatIsWritten) {
    configure(Level::warning, 0);
    EXPECT_THAT(stderr_of([] { info("tune", "quiet"); }), IsEmpty());
    EXPECT_THAT(stderr_of([] { warning("tune", "loud"); }), HasSubstr(" warning 0 tune loud\n"));
    EXPECT_FALSE(is_enabled(Level::info));
    EXPECT_TRUE(is_enabled(Level::error));
    configure(Level::off, 0);
    EXPECT_THAT(stderr_of([] { write(Level::error, "tune", "silenced"); }), IsEmpty());
}

TEST_F(Log, AMessageTakesThePlaceOfTheLiveLine) {
    configure(Level::warning, 0);
    set_live_line(true);
    EXPECT_THAT(stderr_of([] { info("tune", "quiet"); }), IsEmpty());
    EXPECT_TRUE(has_live_line()) << "nothing was written";
    EXPECT_THAT(stderr_of([] { warning("tune", "loud"); }), MatchesRegex("\x1b\\[2K\r[0-9].* warning 0 tune loud\n"));
    EXPECT_FALSE(has_live_line());
    EXPECT_THAT(stderr_of([] { warning("tune", "loud"); }), MatchesRegex("[0-9].* warning 0 tune loud\n"));
}

TEST_F(Log, OtherRanksOnlyWarn) {
    configure(Level::debug, 2);
    EXPECT_THAT(stderr_of([] { info("eval", "quiet"); }), IsEmpty());
    EXPECT_THAT(stderr_of([] { warning("eval", "loud"); }), HasSubstr(" warning 2 eval loud\n"));
}

TEST_F(Log, TheFileGetsInfoAndAboveWhateverStderrShows) {
    const TemporaryFolder folder;
    make_posix_file_system()->write_atomically(folder / "tune.log", "first session\n");
    configure(Level::off, 0);
    open_file(folder / "tune.log");
    info("tune", "to the file");
    debug("tune", "nowhere");
    const std::string text = make_posix_file_system()->read(folder / "tune.log");
    EXPECT_THAT(text, testing::StartsWith("first session\n"));
    EXPECT_THAT(text, HasSubstr(" info 0 tune to the file\n"));
    EXPECT_THAT(text, Not(HasSubstr("nowhere")));
}

TEST_F(Log, TextWithBracesOrPercentIsTakenAsItIs) {
    configure(Level::info, 0);
    EXPECT_THAT(stderr_of([] { write(Level::info, "tune", "{} %v %n"); }), HasSubstr("tune {} %v %n\n"));
}

TEST_F(Log, AFileThatCannotBeOpenedIsAnIoError) { EXPECT_THROW(open_file("/proc/no/such/tune.log"), IoError); }

}  // namespace
}  // namespace halftone::log
