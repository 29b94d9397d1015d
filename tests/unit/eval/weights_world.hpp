#pragma once
// A network and samples, for tests of weights that calibration data round or scale.

#include "eval/sample_source.hpp"
#include "exec/apply_plan.hpp"
#include "support/evaluation_world.hpp"

namespace halftone::test {

/// Codes of 4 bits by blocks, which stand beside activations in fp32.
inline UnitConfig int4_by(const Algorithm& algorithm, std::int64_t group_size = 16) {
    UnitConfig config = high_precision(DType::f32);
    config.weight = {.dtype = DType::s4, .scheme = Scheme::sym, .algorithm = algorithm, .group_size = group_size};
    return config;
}

struct WeightsWorld {
    explicit WeightsWorld(const Graph& graph) : model(prepared(graph)) {}

    PreparedModel model;
    Pipeline data{noise("[60, 24]")};
    SampleSource samples{data, {.samples = 60, .shards = 4, .batch = 8}};

    [[nodiscard]] QuantPlan plan(const std::vector<UnitConfig>& units) const {
        QuantPlan plan;
        plan.units = units;
        return plan;
    }
    [[nodiscard]] PlanNumbers numbers(const QuantPlan& plan) const {
        WeightCodes codes;
        return derive_numbers(model.graph, model.units, plan, RangeTable{}, codes);
    }
};

}  // namespace halftone::test
