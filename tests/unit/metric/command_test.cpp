// The user's own metric: what the program gets, and what becomes of its failures. The programs are lines for sh, whose
// $0 is the file's path; tests/system/metrics_test.py reads the file with NumPy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/metric_samples.hpp"

namespace halftone {
namespace {

using testing::HasSubstr;

/// A metric that runs this line in sh.
std::unique_ptr<Metric> command(const std::string& line, const std::string& timeout = "60") {
    ConfigNode node = parse_yaml("command: {run: [sh, -c, LINE], timeout: " + timeout + "}", "m.yaml");
    ConfigNode section = *node.find("command");
    for (auto& [key, value] : section.entries) {
        if (key == "run") value.items[2].scalar = line;
    }
    return make_metric("command", section);
}

test::MetricSamples three() { return test::metric_samples(Shape{2}, Shape{}, true, {1, 0, 0, 1, 1, 0}, {0, 1, 1}); }

std::string failure_of(const std::string& line, const std::string& timeout = "60") {
    try {
        (void)three().value(*command(line, timeout));
    } catch (const MetricFailure& failure) {
        return failure.what();
    }
    return "no failure";
}

TEST(Command, IsGivenAFileAndAnswersWithOneLine) {
    EXPECT_EQ(three().value(*command(R"(test -s "$0" && echo '{"value": 0.25, "samples": 3}')")), 0.25);
    EXPECT_EQ(three().value(*command(R"(case "$0" in *.npz) echo '{"samples":3,"value":-1e-3}';; esac)")), -0.001);
}

TEST(Command, ItsFileIsGoneAfterwards) {
    const auto metric = command(R"(echo "$0" >&2; exit 1)");
    const auto samples = three();
    std::string path;
    try {
        (void)samples.value(*metric);
    } catch (const MetricFailure& failure) {
        path = failure.what();
    }
    path = path.substr(path.rfind(": ") + 2);
    ASSERT_THAT(path, HasSubstr("/halftone-"));
    EXPECT_EQ(failure_of("test -e '" + path + "' || exit 9").find("code 9") == std::string::npos, false);
}

TEST(Command, AnyFailureIsTheMetricsAndSaysWhy) {
    EXPECT_THAT(failure_of("echo 'no such table' >&2; exit 3"), HasSubstr("ended with code 3: no such table"));
    EXPECT_THAT(failure_of("kill -9 $$"), HasSubstr("was ended by signal 9"));
    EXPECT_THAT(failure_of("exec sleep 30", "1"), HasSubstr("no answer after 1 s"));
    EXPECT_THAT(failure_of("sleep 30 & wait", "1"), HasSubstr("no answer after 1 s"));
    EXPECT_THAT(failure_of("true"), HasSubstr("is no JSON line"));
    EXPECT_THAT(failure_of("echo 0.93"), HasSubstr("is no JSON line"));
    EXPECT_THAT(failure_of(R"(echo '{"value": 1}')"), HasSubstr("lacks value or samples"));
    EXPECT_THAT(failure_of(R"(echo '{"value": 1, "samples": 2}')"), HasSubstr("counts another number of samples"));
    EXPECT_THAT(failure_of(R"(echo '{"value": NaN, "samples": 3}')"), HasSubstr("metric command: its output"));
    EXPECT_THAT(failure_of(R"(echo '{"value": 1, "samples": 3}'; echo more)"), HasSubstr("is no JSON line"));
}

TEST(Command, AProgramThatIsNotThereIsAFailureToo) {
    const ConfigNode node = parse_yaml("command: {run: [halftone-no-such-program]}", "m.yaml");
    const auto metric = make_metric("command", *node.find("command"));
    EXPECT_THROW((void)three().value(*metric), MetricFailure);
}

TEST(Command, MuchOutputIsReadAndCutOff) {
    EXPECT_THAT(failure_of("yes | head -c 3000000; exit 2"), HasSubstr("ended with code 2"));
    EXPECT_THAT(failure_of("yes | head -c 3000000 >&2; exit 2"), HasSubstr("ended with code 2"));
}

TEST(Command, NeedsAProgram) {
    EXPECT_THROW((void)test::metric_of("command", "{}"), ConfigError);
    EXPECT_THROW((void)test::metric_of("command", "{run: [sh], timeout: 0}"), ConfigError);
    EXPECT_THROW((void)test::metric_of("command", "{run: [sh], shell: true}"), ConfigError);
}

}  // namespace
}  // namespace halftone
