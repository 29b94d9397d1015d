// What run.yaml says of a run: how it was started, and what is measured and judged at its end.
#include "study/run_end.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "kernel/ops/machine.hpp"
#include "study/run_terms.hpp"
#include "support/evaluation_world.hpp"

namespace halftone::study {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// A run of a network whose result is known by hand, y = (x0, 2 * x1), with two trials that were scored.
class RunEnd : public testing::Test {
protected:
    RunEnd() {
        calibrated(evaluator_);
        config_.evaluation.emplace();
        config_.tuning.threads = 3;
        result_.reason = tune::EndReason::max_trials;
        result_.is_goal_met = true;
        result_.baseline = {.accuracy = 0.9, .samples = kSamples - 2};
        for (std::int64_t i = 0; i < 2; ++i) {
            result_.scored.push_back({.trial = TrialId{i},
                                      .candidate = world_.space.at(static_cast<std::size_t>(i)),
                                      .outcome = Score{.accuracy = 0.8 + 0.05 * static_cast<double>(i), .samples = 60},
                                      .is_pass = true});
        }
        result_.best = result_.scored[1];
    }
    [[nodiscard]] RunDocument ended(bool is_delivered = true) {
        std::optional<Candidate> delivered;
        if (is_delivered) delivered = result_.best->candidate;
        return ended_run(kStart, config_, parts_, result_, delivered);
    }
    /// Every option of every unit takes 1 ms.
    [[nodiscard]] LatencyTable even_table() const {
        LatencyTable table;
        for (const Decision& unit : world_.space.decisions()) table.unit_ms.emplace_back(unit.options.size(), 1.0);
        return table;
    }

    inline static const RunStart kStart{.version = "1.2.3",
                                        .git = "abc",
                                        .onednn = "3.2",
                                        .mpi = "none",
                                        .command = "halftone tune c.yaml",
                                        .directory = "/here",
                                        .ranks = 4,
                                        .model_bytes = 100};
    World world_{doubling_graph(), {40}, "[60, 2]"};
    ModelEvaluator evaluator_{world_.setup()};
    RunConfig config_;
    RecipeNumbers recipes_;
    CapabilityTable capability_;
    RunParts parts_{world_.model, recipes_, capability_, world_.space, world_.data, world_.data, evaluator_};
    tune::RunResult result_;
};

TEST_F(RunEnd, TheStartIsProgramMachineCommandAndConfig) {
    const RunDocument run = started_run(kStart, config_);
    EXPECT_EQ(run.version, "1.2.3");
    EXPECT_EQ(run.command, "halftone tune c.yaml");
    EXPECT_EQ(run.directory, "/here");
    EXPECT_EQ(run.isa, isa_name());
    EXPECT_EQ(run.ranks, 4);
    EXPECT_EQ(run.threads, 3);
    EXPECT_THAT(run.reason, IsEmpty());
}

TEST_F(RunEnd, TheDeliveredModelIsTimedAndJudged) {
    const RunDocument run = ended();
    EXPECT_EQ(run.reason, "max_trials");
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_GT(run.fp32_ms.value(), 0);
    EXPECT_GT(run.best_ms.value(), 0);
    EXPECT_TRUE(run.objective) << "latency is the objective unless the config says otherwise";
    EXPECT_THAT(run.verdict, HasSubstr("goal met"));
    config_.tuning.objective.latency = 0;
    EXPECT_FALSE(ended().objective);
}

TEST_F(RunEnd, WhereNothingIsDeliveredNothingIsTimed) {
    const RunDocument run = ended(false);
    EXPECT_FALSE(run.fp32_ms);
    EXPECT_THAT(run.verdict, IsEmpty());
}

TEST_F(RunEnd, AStoppedRunEndsWithoutMeasuring) {
    result_.reason = tune::EndReason::interrupted;
    result_.latency = even_table();
    const RunDocument run = ended();
    EXPECT_EQ(run.reason, "interrupted");
    EXPECT_EQ(run.exit_code, static_cast<int>(ExitCode::interrupted));
    EXPECT_FALSE(run.fp32_ms);
    EXPECT_THAT(run.front, IsEmpty()) << "it would be that of half a search";
    EXPECT_THAT(run.verdict, IsEmpty());
}

TEST_F(RunEnd, SamplesThatCouldNotBeReadAreCountedOnlyWhereTheyMayBeSkipped) {
    EXPECT_FALSE(ended(false).skipped);
    config_.evaluation->dataloader.skips_bad_samples = true;
    EXPECT_EQ(ended(false).skipped, 2) << "58 of 60 were scored";
}

TEST_F(RunEnd, TheFrontIsOfTheScoredTrialsAndNeedsALatencyTable) {
    EXPECT_THAT(ended(false).front, IsEmpty());
    result_.latency = even_table();
    const std::vector<FrontPoint> front = ended(false).front;
    ASSERT_THAT(front, SizeIs(1)) << "trial 1 is as fast and as large as trial 0, and better";
    EXPECT_EQ(front[0].trial, 1);
    EXPECT_EQ(front[0].latency_ms, 1.0);
    EXPECT_GT(front[0].bytes, 0);
    config_.tuning.criterion.higher_is_better = false;
    EXPECT_EQ(ended(false).front[0].trial, 0);
}

TEST_F(RunEnd, TheObjectiveIsJudgedByBothIntervals) {
    const MedianInterval slow{.median = 10, .low = 9, .high = 11};
    const MedianInterval fast{.median = 5, .low = 4, .high = 6};
    const Candidate& delivered = result_.best->candidate;
    EXPECT_TRUE(objective_of(config_, world_.space, delivered, slow, fast).is_met);
    const RunObjective missed = objective_of(config_, world_.space, delivered, fast, slow);
    EXPECT_FALSE(missed.is_met);
    EXPECT_FALSE(missed.help.empty());
}

TEST_F(RunEnd, ASpaceWithoutAQuantizedOptionIsWarnedOf) {
    EXPECT_THAT(nothing_to_quantize_text(world_.space), IsEmpty());
    QuantizationConfig config;
    config.sampling_sizes = {40};
    const CapabilityTable fp32_alone{{.options = {high_precision(DType::f32)}, .refused = {}}};
    const SearchSpace nothing = build_space(world_.model.graph, world_.model.units, fp32_alone, config);
    EXPECT_THAT(nothing_to_quantize_text(nothing), HasSubstr("no unit of this model can be quantized"));
}

}  // namespace
}  // namespace halftone::study
