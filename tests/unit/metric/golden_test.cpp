#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "support/metric_samples.hpp"

namespace halftone {
namespace {

struct GoldenMetric {
    std::string name, settings;
    Shape output, target;  ///< of one sample
    bool is_label;         ///< targets are integers
    std::vector<double> outputs, targets;
    double value;
};

const std::vector<GoldenMetric>& golden() {
    static const std::vector<GoldenMetric> all{
#include "golden/metric/metric_golden.inc"
    };
    return all;
}

TEST(Metrics, AgreeWithScikitLearn) {
    for (const GoldenMetric& g : golden()) {
        const auto metric = test::metric_of(g.name, "{" + (g.settings == "{}" ? "" : g.settings) + "}");
        const auto samples = test::metric_samples(g.output, g.target, g.is_label, g.outputs, g.targets);
        EXPECT_NEAR(samples.value(*metric), g.value, 1e-12 * std::max(1.0, std::abs(g.value)))
            << g.name << " " << g.settings << " " << g.output.to_text();
    }
}

TEST(Metrics, EveryMetricHasGoldenValues) {
    for (const std::string& name : metric_names()) {
        // The value of command is the user's (command_test.cpp); the others' golden answers are no single numbers.
        static constexpr const char* kElsewhere[] = {"command", "mAP", "COCOmAP", "VOCmAP", "SquadF1", "BLEU"};
        if (std::find(std::begin(kElsewhere), std::end(kElsewhere), name) != std::end(kElsewhere)) continue;
        const auto is_here = [&](const GoldenMetric& g) { return g.name == name; };
        EXPECT_TRUE(std::any_of(golden().begin(), golden().end(), is_here)) << name;
    }
}

}  // namespace
}  // namespace halftone
