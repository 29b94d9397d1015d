#pragma once
// An evaluator's world: a random network and 60 samples of noise, whose labels are all 0.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/wire.hpp"
#include "calib/observer.hpp"
#include "eval/model_evaluator.hpp"
#include "kernel/capabilities.hpp"
#include "metric/metric_set.hpp"
#include "support/config_text.hpp"
#include "support/quant_plans.hpp"
#include "support/random_net.hpp"

namespace halftone::test {

inline constexpr int kSamples = 60;

inline DataloaderConfig noise(const std::string& shape) {
    DataloaderConfig config;
    config.dataset = plugin("dummy", "{shape: " + shape + ", low: -1.0, high: 1.0}");
    return config;
}

/// One Gemm whose result is exact: y = (x0, 2 * x1).
inline Graph doubling_graph() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2});
    return infer_types(g.build({g.gemm("g", x, floats({2, 2}, {1, 0, 0, 2}))}), reference_ops());
}

/// Two Gemms of which the second cannot be quantized once s_out has the range +-3e38: input scale times weight scale is
/// no float then.
inline Graph unbuildable_graph() {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2});
    const ValueId big = g.gemm("g1", x, floats({2, 2}, {3e38F, 0, 0, 3e38F}));
    const ValueId small = g.gemm("g2", g.node("Sub", "s", {big, x}), floats({2, 2}, {3e38F, 0, 0, 1}));
    return infer_types(g.build({small}), reference_ops());
}

/// The merged calibration that makes g2 of unbuildable_graph() fail.
inline std::string unbuildable_ranges() {
    WireWriter writer;
    writer.put_text(ranges_of({{"x", {-1, 1}}, {"s_out", {-3e38F, 3e38F}}}).encode());
    return writer.take();
}

/// The first `count` samples as rows of a matrix.
inline std::vector<std::vector<float>> rows_of(const Pipeline& data, std::int64_t count) {
    std::vector<std::vector<float>> rows;
    for (std::int64_t i = 0; i < count; ++i) {
        const Sample sample = data.read(i);
        rows.emplace_back(first_input(sample).as<float>().begin(), first_input(sample).as<float>().end());
    }
    return rows;
}

inline PreparedModel prepared(const Graph& graph) {
    PreparedModel model;
    model.graph = graph;
    model.units = find_units(model.graph);
    return model;
}

/// The evaluation section with one metric and no data.
inline EvaluationConfig metric_config(const std::string& name, const std::string& yaml) {
    EvaluationConfig config;
    config.metrics.push_back({.plugin = plugin(name, yaml)});
    return config;
}

/// Model, data and space; what an evaluator needs to outlive it.
struct World {
    PreparedModel model;
    Pipeline data;
    SearchSpace space;
    std::unique_ptr<MetricSet> metrics = std::make_unique<MetricSet>(metric_config("topk", "1"));

    explicit World(const Graph& graph = RandomNet(1).build(), std::vector<std::int64_t> sizes = {40},
                   const std::string& samples = "[60, 3, 9, 9]")
        : model(prepared(graph)), data(noise(samples)), space(space_of(model, std::move(sizes))) {}

    static SearchSpace space_of(const PreparedModel& model, std::vector<std::int64_t> sizes) {
        QuantizationConfig config;
        config.sampling_sizes = std::move(sizes);
        return build_space(
            model.graph, model.units,
            capabilities(model.graph, model.units, {.activation_rules = {{Algorithm::minmax}, {Algorithm::kl}}}),
            config);
    }
    [[nodiscard]] EvaluationSetup setup(std::int64_t shards = 20, std::int64_t batch = 8) const {
        return {.model = &model,
                .space = &space,
                .calibration = &data,
                .evaluation = &data,
                .metrics = metrics.get(),
                .shards = shards,
                .batch = batch};
    }
};

/// Of every shard, in order; none may fail.
inline std::vector<std::string> payloads_of(ModelEvaluator& evaluator, const Job& job) {
    std::vector<std::string> payloads;
    for (std::int64_t s = 0; s < evaluator.shards(job.kind); ++s) {
        const ShardResult result = evaluator.run(job, s);
        EXPECT_EQ(result.failure, "");
        payloads.push_back(result.payload);
    }
    return payloads;
}

inline std::string calibrated(ModelEvaluator& evaluator) {
    Job job;
    job.kind = JobKind::calibrate;
    std::string merged = evaluator.merge_calibration(payloads_of(evaluator, job));
    evaluator.install_calibration(merged);
    return merged;
}

inline Score scored(ModelEvaluator& evaluator, const Job& job) {
    return evaluator.merge_scores(payloads_of(evaluator, job));
}

inline Job evaluate(const Candidate& candidate) {
    return {.kind = JobKind::evaluate, .trial = {}, .candidate = candidate};
}
inline const Job kBaseline{.kind = JobKind::baseline, .trial = {}, .candidate = {}};

}  // namespace halftone::test
