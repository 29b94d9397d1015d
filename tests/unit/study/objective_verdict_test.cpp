// What a run says about its latency.
#include "study/objective_verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace halftone::study {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr MedianInterval kFp32Ms{2.0, 1.9, 2.1};

TEST(ObjectiveVerdict, AFasterModelIsSuccessWithoutAdvice) {
    const ObjectiveVerdict verdict = judge_objective(kFp32Ms, {1.0, 0.9, 1.1}, {.isa = "avx2"});
    EXPECT_TRUE(verdict.is_met);
    EXPECT_THAT(verdict.text, HasSubstr("2.00 times as fast as fp32"));
    EXPECT_THAT(verdict.help, IsEmpty());
}

TEST(ObjectiveVerdict, ASlowerModelIsNoPlainSuccess) {
    const ObjectiveVerdict verdict = judge_objective(kFp32Ms, {3.0, 2.9, 3.1}, {.isa = "avx2"});
    EXPECT_FALSE(verdict.is_met);
    EXPECT_TRUE(verdict.is_slower);
    EXPECT_THAT(verdict.text, HasSubstr("slower than fp32 here (3 against 2 ms)"));
    EXPECT_THAT(verdict.help, Contains(HasSubstr("VNNI")));
    EXPECT_THAT(verdict.help, Contains(HasSubstr("tuning.threads")));
    EXPECT_THAT(verdict.help, Not(Contains(HasSubstr("cluster.isa"))));
}

TEST(ObjectiveVerdict, WithinTheNoiseNothingIsFaster) {
    const ObjectiveVerdict verdict = judge_objective(
        kFp32Ms, {1.95, 1.85, 2.05}, {.isa = "avx512_core_bf16", .has_vnni = true, .pinned_isa = "avx2", .threads = 4});
    EXPECT_FALSE(verdict.is_met);
    EXPECT_FALSE(verdict.is_slower);
    EXPECT_THAT(verdict.text, HasSubstr("within the noise"));
    EXPECT_THAT(verdict.help, Not(Contains(HasSubstr("VNNI"))));
    EXPECT_THAT(verdict.help, Not(Contains(HasSubstr("tuning.threads"))));
    EXPECT_THAT(verdict.help, Contains(HasSubstr("cluster.isa")));
}

TEST(ObjectiveVerdict, TheNameOfAnInstructionSetDoesNotDecideWhetherItHasVnni) {
    // oneDNN names a set by its newest part, which need not be VNNI.
    const ObjectiveVerdict verdict =
        judge_objective(kFp32Ms, {3.0, 2.9, 3.1}, {.isa = "avx512_core_bf16", .has_vnni = true});
    EXPECT_THAT(verdict.help, Not(Contains(HasSubstr("VNNI"))));
    EXPECT_THAT(verdict.help, Contains(HasSubstr("a larger batch")));
}

TEST(ObjectiveVerdict, Fp32ItselfIsNamed) {
    const ObjectiveVerdict verdict = judge_objective(kFp32Ms, {1.0, 0.9, 1.1}, {.isa = "avx2", .delivers_fp32 = true});
    EXPECT_FALSE(verdict.is_met) << "a faster clock of the same model is noise";
    EXPECT_THAT(verdict.text, HasSubstr("fp32 is delivered"));
}

}  // namespace
}  // namespace halftone::study
