// Which samples are left out because the metrics cannot use their targets.
#include "eval/target_check.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "support/evaluation_world.hpp"

namespace halftone {
namespace {

using namespace test;

/// topk over two classes, with answers of any label and any outputs.
struct CheckWorld {
    MetricSet metrics{metric_config("topk", "1")};
    std::vector<std::int64_t> asked;  ///< whose place a warning named
    TargetCheck check{metrics, [this](std::int64_t id) {
                          asked.push_back(id);
                          return std::string("labels.npy");
                      }};

    CheckWorld() {
        metrics.bind({{.name = "y", .type = {DType::f32, Shape{2}}}},
                     {{.name = "label", .type = {DType::s64, Shape{}}}});
    }
    bool is_usable(std::int64_t id, std::int64_t label, float output = 0) {
        const Tensor outputs = Tensor::of<float>(Shape{2}, std::vector{output, -output});
        const std::vector<TensorView> views{outputs.view()};
        const std::vector<FieldValue> targets{Tensor::scalar(label)};
        return check.is_usable({.id = id, .outputs = views, .targets = targets});
    }
};

TEST(TargetCheck, ALabelThatIsNoClassIsOfNoUse) {
    CheckWorld w;
    EXPECT_TRUE(w.is_usable(0, 1));
    EXPECT_FALSE(w.is_usable(1, 2));
    EXPECT_FALSE(w.is_usable(2, -1));
    EXPECT_EQ(w.check.unusable(), 2);
    EXPECT_EQ(w.asked, (std::vector<std::int64_t>{1, 2}));
}

TEST(TargetCheck, EachSampleIsTriedAndWarnedOfOnce) {
    CheckWorld w;
    for (int round = 0; round < 3; ++round) EXPECT_FALSE(w.is_usable(4, 9));
    EXPECT_EQ(w.asked.size(), 1U);
    EXPECT_EQ(w.check.unusable(), 1);
}

TEST(TargetCheck, WhatAModelAnswersDoesNotMatter) {
    CheckWorld w;
    const float nan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(w.is_usable(0, 0, nan));
    EXPECT_FALSE(w.is_usable(1, 2, nan));
}

}  // namespace
}  // namespace halftone
