// Why a unit is not quantized, from what a run has learnt.
#include "plan/findings.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "support/toy_space.hpp"

namespace halftone {
namespace {

using namespace test;

class FindingsTest : public testing::Test {
protected:
    void trial(std::vector<std::uint16_t> options, double accuracy, const std::string& stage = "fallback") {
        findings_.note_trial(space_.make(0, std::move(options)), Score{.accuracy = accuracy, .samples = 100}, stage,
                             goal_);
    }
    void probe(ProbeKind kind, std::vector<std::uint16_t> options, const std::vector<double>& relative_errors) {
        ProbeResult result;
        for (const double error : relative_errors) result.values.push_back({.error = error, .reference = 1});
        findings_.note_probe({.kind = kind, .candidate = space_.make(0, std::move(options))}, result);
    }
    [[nodiscard]] std::string reason(std::size_t unit) const {
        return findings_.reason(CapabilityTable(space_.decisions().size()), unit);
    }

    SearchSpace space_ = uniform_space(3, {kMinmax, kFp32});
    Goal goal_{AccuracyCriterion{}, 0.9};
    Findings findings_{space_};
};

TEST_F(FindingsTest, WithoutAnyTheStrategyChose) { EXPECT_EQ(reason(0), "chosen by the strategy"); }

TEST_F(FindingsTest, AnAccuracyWithTheUnitAloneSaysMost) {
    trial({0, 0, 0}, 0.5, "model_wise");
    trial({0, 0, 0}, 0.6, "model_wise");
    trial({0, 0, 0}, 0.4, "model_wise");
    trial({0, 1, 0}, 0.8);
    trial({0, 1, 0}, 0.7);  // the first one counts
    EXPECT_EQ(reason(1),
              "with this unit alone in high precision the accuracy was 0.8, against 0.6 with every unit "
              "quantized");
    EXPECT_EQ(reason(0), "chosen by the strategy");
}

TEST_F(FindingsTest, AUnitThatIsFasterInHighPrecisionIsSoForThatReason) {
    trial({0, 1, 0}, 0.8);
    trial({0, 1, 1}, 0.9, "fastest");
    EXPECT_THAT(reason(1), testing::HasSubstr("faster on this machine"));
    EXPECT_THAT(reason(2), testing::HasSubstr("faster on this machine"));
    EXPECT_EQ(reason(0), "chosen by the strategy");
}

TEST_F(FindingsTest, FailedAndShortenedTrialsSayNothing) {
    trial({0, 0, 0}, 0.5, "model_wise");
    findings_.note_trial(space_.make(0, {1, 0, 0}), TrialFailure{"broken"}, "fallback", goal_);
    findings_.note_trial(space_.make(0, {1, 0, 0}),
                         Score{.accuracy = std::numeric_limits<double>::quiet_NaN(),
                               .samples = 10,
                               .bounds = AccuracyBounds{.low = 0, .high = 0.5}},
                         "fallback", goal_);
    EXPECT_EQ(reason(0), "chosen by the strategy");
}

TEST_F(FindingsTest, TheOutputsErrorComesNextAndTheLatestCounts) {
    probe(ProbeKind::output_error, {0, 0, 0}, {0.5});
    probe(ProbeKind::output_error, {0, 0, 0}, {0.25});
    probe(ProbeKind::output_error, {1, 0, 0}, {0.2});
    probe(ProbeKind::output_error, {1, 0, 0}, {0.125});
    EXPECT_EQ(reason(0),
              "with this unit alone in high precision the output's error was 0.125 of its signal, against "
              "0.25 with every unit quantized");
}

TEST_F(FindingsTest, ThenTheUnitsOwnErrorWithItsRank) {
    probe(ProbeKind::unit_errors, {0, 0, 0}, {0.25, 0.5, 0.125});
    EXPECT_EQ(reason(0), "quantized, its output's error was 0.25 of its signal: number 2 of 3 units");
    EXPECT_EQ(reason(1), "quantized, its output's error was 0.5 of its signal: number 1 of 3 units");
}

TEST(RefusalOf, SaysWhyAUnitNeverCouldBeQuantized) {
    const Decision only_fp32 = decision("u", {kFp32});
    Capability capability;
    EXPECT_EQ(refusal_of(only_fp32, capability), "the config's rules leave no quantized option");
    capability.refused = {{.dtype = "bf16", .why = "no instructions"}, {.dtype = "int8", .why = "groups of 3"}};
    EXPECT_EQ(refusal_of(only_fp32, capability), "groups of 3");
    EXPECT_FALSE(refusal_of(decision("u", {kMinmax, kFp32}), capability));
}

}  // namespace
}  // namespace halftone
