#include "eval/step_pairs.hpp"

#include <gmock/gmock.h>

#include "eval/bench_model.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/evaluation_world.hpp"

namespace halftone {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

StepInfo step_of(std::vector<std::string> nodes) {
    StepInfo step;
    step.nodes = std::move(nodes);
    return step;
}

TEST(PairSteps, NodesInCommonMakeAPair) {
    // fp32 adds inside of its convolution. The quantized model adds codes in a step of its own, and makes the codes.
    const auto pairs = pair_steps({step_of({"quantize"}), step_of({"conv"}), step_of({}), step_of({"add", "codes"})},
                                  {step_of({"conv", "add"}), step_of({"softmax"}), step_of({})});
    ASSERT_EQ(pairs.size(), 5U);
    EXPECT_THAT(pairs[0].steps, ElementsAre(0));
    EXPECT_THAT(pairs[0].fp32_steps, IsEmpty());
    EXPECT_THAT(pairs[1].steps, ElementsAre(1, 3));
    EXPECT_THAT(pairs[1].fp32_steps, ElementsAre(0));
    EXPECT_THAT(pairs[2].steps, ElementsAre(2)) << "a change of layout has no counterpart";
    EXPECT_THAT(pairs[3].fp32_steps, ElementsAre(1));
    EXPECT_THAT(pairs[4].fp32_steps, ElementsAre(2));
}

TEST(PairSteps, NodesWithoutANameHaveNothingInCommon) {
    EXPECT_EQ(pair_steps({step_of({""}), step_of({""})}, {step_of({""})}).size(), 3U);
}

TEST(PairSteps, EveryFp32StepOfARealModelIsFoundInItsQuantizedForm) {
    const World world;
    const BenchModel model(world.model, "m.onnx", "int8");
    const Session quantized(model.graph(), reference_ops(), {.batch = 1});
    const Session fp32(*model.fp32(), reference_ops(), {.batch = 1});
    for (const StepPair& pair : pair_steps(quantized.steps(), fp32.steps())) {
        for (const std::size_t step : pair.fp32_steps) {
            if (fp32.steps()[step].op == "Reorder") continue;
            EXPECT_FALSE(pair.steps.empty()) << fp32.steps()[step].name;
        }
    }
}

}  // namespace
}  // namespace halftone
