// The strategy mse: units ranked by the errors of one probe.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/toy_probes.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::ElementsAre;

TEST(Mse, RanksByErrorAndAccumulates) {
    const ProbedToy toy{kProbedCosts};
    const auto strategy = toy.make("mse");
    const Conversation talk = toy.talk(*strategy);
    ASSERT_EQ(talk.probes.size(), 1U);
    EXPECT_EQ(talk.probes[0].kind, ProbeKind::unit_errors);
    ASSERT_EQ(talk.candidates.size(), 3U);
    EXPECT_THAT(ProbedToy::fallen(talk.candidates[1]), ElementsAre(1));
    EXPECT_THAT(ProbedToy::fallen(talk.candidates[2]), ElementsAre(1, 3)) << "0.0075 is lost: the goal is met";
}

// Unit 0 is clipped to half its range: LPOT's own-range scaling makes that nothing, so unit 1 comes first.
TEST(Mse, LposFormulaDoesNotSeeClippingAndOursDoes) {
    const ProbedToy toy{{0.02, 0.02}};
    const auto clipped = [](const ProbeRequest&) {
        ErrorSums half;
        ErrorSums noisy;
        for (int i = 0; i <= 10; ++i) {
            half.add(static_cast<float>(i), static_cast<float>(i) * 0.5F);
            noisy.add(static_cast<float>(i), static_cast<float>(i) + (i % 2 == 0 ? 0.0F : 0.5F));
        }
        return ProbeResult{.values = {half, noisy}, .samples = 11, .failure = {}};
    };
    const auto evaluate = [&](const Candidate& c) { return score(toy.accuracy(c)); };
    const auto ours = simulate(*toy.make("mse"), evaluate, {}, clipped);
    const auto theirs = simulate(*toy.make("mse", "error: lpot"), evaluate, {}, clipped);
    EXPECT_THAT(ProbedToy::fallen(ours.candidates[1]), ElementsAre(0));
    EXPECT_THAT(ProbedToy::fallen(theirs.candidates[1]), ElementsAre(1));
}

TEST(Mse, OnlyTheChainAsksForVerdicts) {
    const ProbedToy toy{kProbedCosts};
    const auto strategy = toy.make("mse");
    EXPECT_FALSE(strategy->ask().verdict_only);
    strategy->tell(TrialId{0}, score(0.5));
    const Ask probe = strategy->ask();
    ASSERT_EQ(probe.kind, Ask::Kind::probe);
    EXPECT_EQ(strategy->ask().kind, Ask::Kind::wait);
    strategy->tell_probe(0, toy.probe(probe.probe));
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(strategy->ask().verdict_only) << "the whole chain at once";
}

TEST(Mse, AFailedProbeLeavesTheOrder) {
    const ProbedToy toy{kProbedCosts};
    const auto failed = [](const ProbeRequest&) { return ProbeResult{.values = {}, .samples = 0, .failure = "no"}; };
    const auto talk = simulate(
        *toy.make("mse"), [&](const Candidate& c) { return score(toy.accuracy(c)); }, {}, failed);
    EXPECT_THAT(ProbedToy::fallen(talk.candidates[1]), ElementsAre(5));
    EXPECT_TRUE(talk.is_done);
}

TEST(Mse, RefusesSettingsThatMakeNoSense) {
    EXPECT_THROW((void)ProbedToy{kProbedCosts}.make("mse", "error: mean"), ConfigError);
}

}  // namespace
}  // namespace halftone
