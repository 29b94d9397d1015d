// The strategy auto: a good preparation first, the goal where it fails, then latency.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "strategy/automatic/preparation_ranking.hpp"
#include "support/toy_probes.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::ElementsAre;

/// Two units and preparations that lose this much accuracy each; whatever is lost shows in the output's error.
struct PreparedToy {
    std::vector<double> losses;  ///< by calibration index
    SearchSpace space;
    Goal goal{{.is_relative = false, .loss = 0.01}, 1.0};
    LatencyTable table;

    explicit PreparedToy(std::vector<double> by_index)
        : losses(std::move(by_index)),
          space({decision("a", {kMinmax, kFp32}), decision("b", {kMinmax, kFp32})},
                std::vector<std::int64_t>(losses.size(), 100), PlanTopology(), preparations(losses.size())),
          table(LatencyTable{.unit_ms = {{0.1, 1.0}, {0.1, 1.0}}, .conversions = {}, .rest_ms = 0}) {}

    static std::vector<Preparation> preparations(std::size_t count) {
        std::vector<Preparation> all(count);
        for (std::size_t i = 1; i < count; ++i) all[i].smooth_alpha = 0.1 * static_cast<double>(i);
        return all;
    }
    [[nodiscard]] double lost(const Candidate& c) const {
        const auto quantized = static_cast<double>(std::count(c.choice.begin(), c.choice.end(), 0));
        return quantized / 2 * losses[static_cast<std::size_t>(c.calibration)];
    }
    [[nodiscard]] Conversation talk(const ObjectiveWeights& objective = {}, const std::string& settings = "") const {
        const auto strategy = make_strategy("auto", {.space = space,
                                                     .goal = goal,
                                                     .baseline = 1.0,
                                                     .settings = parse_yaml(settings, "test.yaml"),
                                                     .latency = [&]() -> const LatencyTable& { return table; },
                                                     .objective = objective});
        return simulate(
            *strategy, [&](const Candidate& c) { return score(1 - lost(c)); }, {},
            [&](const ProbeRequest& r) {
                return ProbeResult{
                    .values = {{.error = lost(r.candidate), .reference = 1, .count = 1}}, .samples = 1, .failure = {}};
            });
    }
};

/// A strategy over the toy, which outlives it.
std::unique_ptr<Strategy> make_over(const PreparedToy& toy) {
    return make_strategy("auto", {.space = toy.space,
                                  .goal = toy.goal,
                                  .baseline = 1.0,
                                  .latency = [&toy]() -> const LatencyTable& { return toy.table; },
                                  .objective = {}});
}

/// Tells the results of probes until the strategy asks for anything else, which is returned.
Ask tell_probes(Strategy& strategy, const PreparedToy& toy, std::int64_t& probes) {
    Ask ask = strategy.ask();
    for (; ask.kind == Ask::Kind::probe; ask = strategy.ask()) {
        const double lost = toy.lost(ask.probe.candidate);
        strategy.tell_probe(probes++,
                            {.values = {{.error = lost, .reference = 1, .count = 1}}, .samples = 1, .failure = {}});
    }
    return ask;
}

TEST(Auto, ItsOutlookIsWhatItThenAsksForWhereAllGoesWell) {
    const PreparedToy toy({0.2, 0.05, 0.001, 0.1});
    const auto strategy = make_over(toy);
    ASSERT_EQ(strategy->outlook(), (Outlook{.probes = 1, .trials = 1, .quantized = 1})) << "one probe is plain";
    for (std::int64_t probe = 0; probe < 4; ++probe) {
        const Ask ask = strategy->ask();
        ASSERT_EQ(ask.kind, Ask::Kind::probe);
        const double lost = toy.lost(ask.probe.candidate);
        if (probe > 0) {
            EXPECT_EQ(strategy->outlook()->probes, 4 - probe) << "all that is not told";
            EXPECT_EQ(strategy->outlook()->prepared_probes, 4 - probe) << "the plain one was the first";
        }
        strategy->tell_probe(probe,
                             {.values = {{.error = lost, .reference = 1, .count = 1}}, .samples = 1, .failure = {}});
        EXPECT_EQ(strategy->outlook()->probes, 3 - probe) << "the plain one is beyond hope, which is known at once";
    }
    const Ask ask = strategy->ask();
    ASSERT_EQ(ask.kind, Ask::Kind::candidate);
    EXPECT_EQ(strategy->outlook(), (Outlook{.trials = 1, .quantized = 1})) << "asked for and not told";
    strategy->tell(TrialId{0}, score(1 - toy.lost(ask.candidate)));
    EXPECT_EQ(strategy->ask().kind, Ask::Kind::done);
    EXPECT_EQ(strategy->outlook(), Outlook{});
}

TEST(Auto, ItsOutlookHoldsTheTrialsForSpeed) {
    PreparedToy toy({0.001});
    toy.table.unit_ms = {{0.1, 0.12}, {0.5, 0.2}};
    const auto strategy = make_over(toy);
    EXPECT_EQ(strategy->outlook(), (Outlook{.probes = 1, .trials = 3, .quantized = 1.5}))
        << "the candidate, the plan with one of two units in fp32, and fp32";
    std::int64_t probes = 0;
    const Ask first = tell_probes(*strategy, toy, probes);
    strategy->tell(TrialId{0}, score(1 - toy.lost(first.candidate)));
    EXPECT_EQ(strategy->ask().stage, "fastest");
    EXPECT_EQ(strategy->outlook(), (Outlook{.trials = 2, .quantized = 0.5}));
}

TEST(Auto, AnEasyModelIsNotPrepared) {
    const PreparedToy toy({0.004, 0.002, 0.0005, 0.0001});
    const Conversation talk = toy.talk();
    EXPECT_TRUE(talk.is_done);
    EXPECT_EQ(talk.probes.size(), 1U) << "the plain candidate";
    ASSERT_EQ(talk.candidates.size(), 1U);
    EXPECT_EQ(choice_text(talk.candidates[0]), "0 0");
    const auto strategy = make_over(toy);
    std::int64_t probes = 0;
    const Ask ask = tell_probes(*strategy, toy, probes);
    EXPECT_TRUE(ask.verdict_only) << "nothing is lost where it fails early";
    strategy->tell(TrialId{0}, score(1 - toy.lost(ask.candidate)));
    EXPECT_EQ(strategy->ask().kind, Ask::Kind::done);
    EXPECT_THAT(strategy->heuristics(), testing::Contains(testing::HasSubstr("preparations were not tried")));
}

TEST(Auto, WhereThePlainModelPassesByLittlePreparationsAreTried) {
    const Conversation talk = PreparedToy({0.008, 0.002, 0.0005}).talk();
    EXPECT_EQ(talk.probes.size(), 3U) << "no candidate is probed twice";
    ASSERT_EQ(talk.candidates.size(), 2U);
    EXPECT_EQ(choice_text(talk.candidates[0]), "0 0");
    EXPECT_EQ(choice_text(talk.candidates[1]), "2: 0 0");
}

TEST(Auto, WhereThePlainModelFailsPreparationsAreTried) {
    PreparedToy toy({0.008, 0.0005});
    toy.goal = Goal({.is_relative = false, .loss = 0.004}, 1.0);
    const Conversation talk = toy.talk();
    ASSERT_EQ(talk.candidates.size(), 2U);
    EXPECT_EQ(choice_text(talk.candidates[1]), "1: 0 0");
    EXPECT_TRUE(toy.goal.is_met(talk.outcomes[1]));
}

TEST(Auto, NoTrialIsSpentOnAPlainModelBeyondHope) {
    const Conversation talk = PreparedToy({0.02, 0.0005}).talk();
    ASSERT_EQ(talk.candidates.size(), 1U);
    EXPECT_EQ(choice_text(talk.candidates[0]), "1: 0 0");
}

// If no preparation passes, what passes without one is not lost.
TEST(Auto, ThePlainModelStaysWherePreparationsFail) {
    const PreparedToy toy({0.008, 0.02, 0.03});
    const Conversation talk = toy.talk();
    EXPECT_TRUE(talk.is_done);
    EXPECT_THAT(talk.stages, testing::Not(testing::Contains("fallback_one")));
    EXPECT_THAT(talk.stages, testing::Not(testing::Contains("fallback_bisection")));
    EXPECT_TRUE(toy.goal.is_met(talk.outcomes[0]));
}

// The fastest plan has unit b in fp32. Without a preparation it fails, so the preparations are looked at after all.
TEST(Auto, WhereTheFastestPlanFailsPreparationsAreTriedBeforeTheFront) {
    PreparedToy toy({0.001, 0.0005});
    toy.table.unit_ms = {{0.1, 1.0}, {0.5, 0.2}};
    const auto strategy = make_over(toy);
    const Conversation talk = simulate(
        *strategy, [&](const Candidate& c) { return score(choice_text(c) == "0 1" ? 0.5 : 1 - toy.lost(c)); }, {},
        [&](const ProbeRequest& r) {
            return ProbeResult{
                .values = {{.error = toy.lost(r.candidate), .reference = 1, .count = 1}}, .samples = 1, .failure = {}};
        });
    std::vector<std::string> tried;
    for (const Candidate& candidate : talk.candidates) tried.push_back(choice_text(candidate));
    EXPECT_THAT(tried, ElementsAre("0 0", "0 1", "1: 0 0", "1: 0 1"));
    EXPECT_THAT(strategy->heuristics(), testing::Not(testing::Contains(testing::HasSubstr("front"))));
}

// Easy, nearly easy, failing and hopeless without a preparation: whatever the workers do, the same is asked for.
TEST(Auto, WorkersDoNotChangeItsCourse) {
    for (const double plain : {0.001, 0.008, 0.02}) {
        const PreparedToy toy({plain, 0.03, 0.0009, 0.02});
        const Conversation alone = toy.talk();
        for (std::size_t workers = 2; workers < 6; ++workers) {
            const auto strategy = make_over(toy);
            const Conversation talk = simulate(
                *strategy, [&](const Candidate& c) { return score(1 - toy.lost(c)); },
                {.count = workers, .seed = workers},
                [&](const ProbeRequest& r) {
                    return ProbeResult{.values = {{.error = toy.lost(r.candidate), .reference = 1, .count = 1}},
                                       .samples = 1,
                                       .failure = {}};
                });
            EXPECT_EQ(talk.candidates, alone.candidates) << plain << " with " << workers;
            EXPECT_EQ(talk.stages, alone.stages);
            EXPECT_EQ(talk.probes.size(), alone.probes.size());
        }
    }
}

// A plain candidate whose trial ended early has no accuracy. Where its error is the least, it is the base of the
// repair.
TEST(Auto, AnEarlyEndDoesNotHideTheBestBase) {
    PreparedToy toy({0.008, 0.009, 0.0095});
    toy.goal = Goal({.is_relative = false, .loss = 0.004}, 1.0);
    const auto strategy = make_over(toy);
    std::int64_t probes = 0;
    for (std::int64_t trial = 0; trial < 3; ++trial) {
        const Ask ask = tell_probes(*strategy, toy, probes);
        ASSERT_EQ(ask.kind, Ask::Kind::candidate) << trial;
        Score told{.accuracy = 1 - toy.lost(ask.candidate), .samples = 100};
        if (ask.verdict_only) told.bounds = AccuracyBounds{.low = 0.1, .high = 0.995};
        if (ask.verdict_only) told.accuracy = std::numeric_limits<double>::quiet_NaN();
        strategy->tell(TrialId{trial}, told);
    }
    const Ask repair = strategy->ask();
    ASSERT_EQ(repair.kind, Ask::Kind::probe);
    EXPECT_EQ(repair.stage, "fallback_one");
    EXPECT_EQ(repair.probe.candidate.calibration, 0);
}

TEST(Auto, WhereItsFirstTrialFailsNobodyKnowsWhatIsLeft) {
    const PreparedToy toy({0.5});
    const auto strategy = make_strategy("auto", {.space = toy.space, .goal = toy.goal, .baseline = 1.0});
    std::int64_t probe = 0;
    Ask ask = strategy->ask();
    for (; ask.kind == Ask::Kind::probe; ask = strategy->ask()) {
        strategy->tell_probe(probe++,
                             {.values = {{.error = 0.5, .reference = 1, .count = 1}}, .samples = 1, .failure = {}});
    }
    strategy->tell(TrialId{0}, score(0.5));
    static_cast<void>(strategy->ask());
    EXPECT_FALSE(strategy->outlook());
}

TEST(Auto, TheBestPreparationIsEnoughWhereItMeetsTheGoal) {
    const Conversation talk = PreparedToy({0.2, 0.05, 0.001, 0.1}).talk();
    EXPECT_TRUE(talk.is_done);
    ASSERT_EQ(talk.candidates.size(), 1U) << "8 bits are the fastest plan, so one trial says it all";
    EXPECT_EQ(choice_text(talk.candidates[0]), "2: 0 0");
    EXPECT_THAT(talk.stages, ElementsAre("model_wise"));
    EXPECT_EQ(talk.probes.size(), 4U);
}

TEST(Auto, AFailingFirstChoiceIsFollowedByOtherPreparations) {
    PreparedToy toy({0.2, 0.02, 0.05, 0.1});
    toy.table.unit_ms = {{0.1, 1.0}, {1.0, 0.1}};
    const Conversation talk = toy.talk();
    ASSERT_GE(talk.candidates.size(), 3U);
    EXPECT_EQ(choice_text(talk.candidates[0]), "1: 0 0");
    EXPECT_EQ(choice_text(talk.candidates[1]), "2: 0 0");
    EXPECT_EQ(choice_text(talk.candidates[2]), "3: 0 0");
    EXPECT_THAT(talk.stages, testing::Contains("fallback_bisection")) << "none of the three meets the goal";
    EXPECT_TRUE(
        std::any_of(talk.outcomes.begin(), talk.outcomes.end(), [&](const auto& o) { return toy.goal.is_met(o); }));
}

// Unit b is faster in fp32, whatever it would lose in 8 bits.
TEST(Auto, UnitsThatGainNothingGoBack) {
    PreparedToy toy({0.001});
    toy.table.unit_ms = {{0.1, 1.0}, {0.5, 0.2}};
    const Conversation talk = toy.talk();
    ASSERT_EQ(talk.candidates.size(), 2U);
    EXPECT_EQ(choice_text(talk.candidates[1]), "0 1");
    EXPECT_EQ(talk.stages[1], "fastest");
}

TEST(Auto, AGainWithinTheNoiseOfTheTableSendsNoUnitBack) {
    PreparedToy toy({0.001});
    toy.table.unit_ms = {{0.1, 1.0}, {0.1, 0.098}};
    toy.table.rest_ms = 1;
    EXPECT_THAT(toy.talk().stages, testing::Not(testing::Contains("fastest")));
}

TEST(Auto, WhereNothingIsFasterFp32HasATrial) {
    PreparedToy toy({0.001});
    toy.table.unit_ms = {{0.6, 0.5}, {0.5, 0.5}};
    const Conversation slow = toy.talk();
    ASSERT_FALSE(slow.candidates.empty());
    EXPECT_EQ(choice_text(slow.candidates.back()), "1 1");
    // A little faster by the table: the clock may say otherwise, so fp32 is a trial beside it.
    toy.table.unit_ms = {{0.5, 0.6}, {0.5, 0.6}};
    EXPECT_THAT(toy.talk().stages, ElementsAre("model_wise", "fp32"));
}

TEST(Auto, ForASmallModelLatencyDoesNotCount) {
    PreparedToy toy({0.001});
    toy.table.unit_ms = {{5, 1}, {5, 1}};
    EXPECT_EQ(toy.talk({.latency = 0, .model_bytes = 1}).candidates.size(), 1U);
    const StrategyContext context{.space = toy.space, .goal = toy.goal, .objective = {.latency = 0, .model_bytes = 1}};
    EXPECT_FALSE(make_strategy("auto", context)->guards_speed());
    EXPECT_TRUE(make_strategy("auto", {.space = toy.space, .goal = toy.goal})->guards_speed());
}

TEST(Auto, SaysWhichOfTheStepsThatItTookAreHeuristic) {
    const ProbedToy hard{kProbedCosts};
    const auto strategy = hard.make("auto");
    (void)hard.talk(*strategy);
    EXPECT_THAT(strategy->heuristics(),
                testing::AllOf(testing::Contains(testing::HasSubstr("are ranked by the error of the output")),
                               testing::Contains(testing::HasSubstr("bisection"))));
    const PreparedToy easy({0.001});
    const auto quick = make_over(easy);
    std::int64_t probes = 0;
    const Ask ask = tell_probes(*quick, easy, probes);
    quick->tell(TrialId{0}, score(1 - easy.lost(ask.candidate)));
    EXPECT_EQ(quick->ask().kind, Ask::Kind::done);
    EXPECT_EQ(quick->heuristics().size(), 2U) << "the ranking, and the table that found no faster plan";
}

TEST(Auto, RefusesSettingsThatMakeNoSense) {
    for (const char* settings : {"evaluate: 0", "rounds: 0", "options: -1", "search: greedy"}) {
        EXPECT_THROW((void)ProbedToy{kProbedCosts}.make("auto", settings), ConfigError) << settings;
    }
}

/// Probes by the ranking until it is known, with the error of each calibration index.
std::size_t rank(PreparationRanking& ranking, const std::vector<double>& errors) {
    std::size_t probes = 0;
    while (const auto ask = ranking.next_ask()) {
        if (ask->kind != Ask::Kind::probe) break;
        ++probes;
        const double error = errors[static_cast<std::size_t>(ask->probe.candidate.calibration)];
        ranking.tell_probe({.values = {{.error = error, .reference = 1, .count = 1}}, .samples = 1, .failure = {}});
    }
    return probes;
}

TEST(PreparationRanking, OtherPreparationsComeBeforeSecondChoices) {
    const SearchSpace space = uniform_space(1, {kMinmax, kKl, kFp32}, {100, 200, 300});
    std::vector<Candidate> all;
    for (const std::int64_t index : {0, 1, 2}) {
        for (std::uint16_t option = 0; option < 2; ++option) all.push_back(space.make(index, {option}));
    }
    PreparationRanking ranking(space, all);
    EXPECT_EQ(rank(ranking, {0.3, 0.1, 0.2}), 6U);
    std::vector<std::string> best;
    for (const ProbedCandidate& each : ranking.best(4)) best.push_back(choice_text(each.candidate));
    EXPECT_THAT(best, ElementsAre("1: 0", "2: 0", "0", "1: 1"));
    EXPECT_TRUE(ranking.has_probed_all());
}

TEST(PreparationRanking, PlainCandidatesComeFirst) {
    const PreparedToy toy({0.3, 0.1, 0.2});
    std::vector<Candidate> all;
    for (const std::int64_t index : {0, 1, 2}) all.push_back(toy.space.make(index, {0, 0}));
    PreparationRanking ranking(toy.space, all);
    ASSERT_TRUE(ranking.has_only_plain());
    EXPECT_EQ(rank(ranking, toy.losses), 1U);
    EXPECT_EQ(ranking.best(3).size(), 1U);
    ranking.include_all();
    EXPECT_FALSE(ranking.has_only_plain());
    EXPECT_EQ(ranking.probes_left(), 2U);
    EXPECT_EQ(rank(ranking, toy.losses), 2U);
    EXPECT_EQ(ranking.best(1).front().candidate.calibration, 1);
    EXPECT_EQ(ranking.best(3).back().error, 0.3) << "known from the first step";
}

TEST(PreparationRanking, OfManyOnlyThePromisingAreProbedInFull) {
    std::vector<std::int64_t> sizes;
    std::vector<double> errors;
    for (std::int64_t i = 0; i < 30; ++i) {
        sizes.push_back(100 + i);
        errors.push_back(i == 17 ? 0.1 : 1.0 + 0.01 * static_cast<double>(i));
    }
    const SearchSpace space = uniform_space(1, {kMinmax, kKl, kTensorMinmax, kTensorKl, kFp32}, sizes);
    std::vector<Candidate> all;
    for (std::int64_t index = 0; index < 30; ++index) {
        for (std::uint16_t option = 0; option < 4; ++option) all.push_back(space.make(index, {option}));
    }
    PreparationRanking ranking(space, all);
    EXPECT_EQ(rank(ranking, errors), 30U + 4U * 3U) << "of each of the four, one candidate was probed before";
    EXPECT_FALSE(ranking.has_probed_all());
    EXPECT_EQ(ranking.best(1).front().candidate.calibration, 17);
}

}  // namespace
}  // namespace halftone
