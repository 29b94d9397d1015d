#pragma once
// An evaluator's world: a random network and 60 samples of noise, whose labels are all 0.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "calib/observer.hpp"
#include "eval/model_evaluator.hpp"
#include "kernel/capabilities.hpp"
#include "support/random_net.hpp"
#include "unit/data/config_text.hpp"

namespace halftone::test {

inline constexpr int kSamples = 60;

inline DataloaderConfig noise(const std::string& shape) {
    DataloaderConfig config;
    config.dataset = plugin("dummy", "{shape: " + shape + ", low: -1.0, high: 1.0}");
    return config;
}

inline PreparedModel prepared(Graph graph) {
    PreparedModel model;
    model.graph = std::move(graph);
    model.units = find_units(model.graph);
    return model;
}

/// Model, data and space; what an evaluator needs to outlive it.
struct World {
    PreparedModel model;
    Pipeline data;
    SearchSpace space;
    std::unique_ptr<Metric> metric = make_metric("topk", parse_yaml("1", "test.yaml"));

    explicit World(Graph graph = RandomNet(1).build(), std::vector<std::int64_t> sizes = {40},
                   const std::string& samples = "[60, 3, 9, 9]")
        : model(prepared(std::move(graph))), data(noise(samples)), space(space_of(model, std::move(sizes))) {}

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
                .metric = metric.get(),
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
