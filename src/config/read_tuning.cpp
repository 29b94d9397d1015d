// tuning: the strategy, the goal, when a search ends, and how trials are run.
//
//   read_strategy     which strategy, and the keys that are its own
//   read_criterion    the goal: how much accuracy may be lost
//   read_objectives   what decides between candidates that meet the goal; read_objective_unmet: and if none is faster
//   read_exit_policy  time and number of trials
//   read_execution    ours: shards, batches, threads, and what saves work
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/parts.hpp"
#include "config/yaml_writer.hpp"

namespace halftone::config_detail {
namespace {

/// Keys of tuning.strategy that are not the strategy's own. What remains is for its plug-in.
constexpr std::array<std::string_view, 8> kCommonStrategyKeys{"name",
                                                              "model_wise",
                                                              "batch",
                                                              "sigopt_api_token",
                                                              "sigopt_project_id",
                                                              "sigopt_experiment_name",
                                                              "accuracy_weight",
                                                              "latency_weight"};

/// A weight below zero would turn a cost into a gain.
double read_weight(Section& section, std::string_view key) {
    const double weight = section.number(key, 1.0);
    if (weight < 0) {
        const ConfigNode& node = *section.given(key);
        fail_at(node, "must be >= 0, got '" + node.scalar + "'");
    }
    return weight;
}

/// tuning.strategy holds keys of two owners: those of all strategies are read here, and the rest is kept for the
/// strategy, which reads it strictly when it is made.
void read_strategy(Section& parent, TuningConfig& config, const KnownNames& known, Notes& notes) {
    Section section = parent.section("strategy");
    config.strategy.name = section.text("name", "basic");
    if (const ConfigNode* node = section.given("name")) {
        check_name({node->mark, node->path}, config.strategy.name, kStrategies, known.strategies, notes);
    }
    const std::string model_wise = section.text("model_wise", "uniform");
    if (const ConfigNode* node = section.given("model_wise"); node != nullptr && !kModelWiseNames.parse(model_wise)) {
        refuse_unknown(node->mark, node->path, model_wise, split(kModelWiseNames.allowed(), ' '));
    }
    config.model_wise = kModelWiseNames.parse(model_wise).value_or(ModelWise::uniform);
    config.strategy_batch = section.integer("batch", config.strategy_batch, 1, 1024);
    // Keys of a service that is not called from here; shown, so that a config of LPOT stays complete.
    for (const std::string_view key : {"sigopt_api_token", "sigopt_project_id", "sigopt_experiment_name"}) {
        if (section.given(key) != nullptr) static_cast<void>(section.text(key, ""));
    }
    if (section.given("accuracy_weight")) config.accuracy_weight = read_weight(section, "accuracy_weight");
    if (section.given("latency_weight")) config.latency_weight = read_weight(section, "latency_weight");

    config.strategy.node = section.node();
    std::erase_if(config.strategy.node.entries,
                  [](const auto& entry) { return is_among(entry.first, kCommonStrategyKeys); });
    for (const auto& [key, node] : config.strategy.node.entries) {
        // A typing error in a common key would otherwise look like a key of the plug-in.
        const std::vector<std::string> common = to_strings(kCommonStrategyKeys);
        if (const auto nearest = nearest_name(key, common)) {
            fail_at(node, "is unknown; did you mean '" + *nearest + "'?", true);
        }
        section.keep(key);
    }
    parent.put("strategy", section.finish());
}

/// A typing error in the one key that is needed would only be told as a missing key.
void name_misspelt_key(const ConfigNode& criterion) {
    const std::vector<std::string> keys{"relative", "absolute", "higher_is_better"};
    for (const auto& [key, node] : criterion.entries) {
        const auto nearest = nearest_name(key, keys);
        if (nearest && *nearest != key) fail_at(node, "is unknown; did you mean '" + *nearest + "'?", true);
    }
}

/// The goal: by how much accuracy may fall. Neither key given: the default, one percent of the baseline.
void read_criterion(Section& parent, AccuracyCriterion& criterion, bool higher_is_better) {
    Section section = parent.section("accuracy_criterion");
    if (const auto given = read_loss(section)) {
        criterion = *given;
    } else {
        if (!section.node().entries.empty()) {
            name_misspelt_key(section.node());
            fail_at(section.node(), "needs relative or absolute", true);
        }
        section.put("relative", plain_node(float_text(criterion.loss)));
    }
    criterion.higher_is_better = section.boolean("higher_is_better", higher_is_better);
    parent.put("accuracy_criterion", section.finish());
}

/// Adds up, so that an objective that is listed twice counts twice.
void add_objective(ObjectiveWeights& weights, std::string_view objective, double weight) {
    if (objective == "performance") weights.latency += weight;
    if (objective == "modelsize") weights.model_bytes += weight;
    if (objective == "footprint") weights.footprint += weight;
    if (objective == "accuracy") weights.accuracy += weight;
}

/// What decides between candidates that meet the goal: one objective, or several with weights. The weights are kept as
/// one struct, so that a single objective is nothing special further on.
void read_objectives(Section& section, TuningConfig& config) {
    const std::string objective = section.text("objective", "performance");
    if (const ConfigNode* node = section.given("objective")) {
        const auto parsed = kObjectiveNames.parse(objective);
        if (!parsed) refuse_unknown(node->mark, node->path, objective, split(kObjectiveNames.allowed(), ' '));
    }
    // The struct's default is latency alone; here every weight starts from zero.
    config.objective = {.latency = 0};
    if (section.given("multi_objectives") == nullptr) {
        add_objective(config.objective, objective, 1);
        return;
    }
    // Accuracy is an objective only beside others: alone it is the goal.
    static constexpr std::array<std::string_view, 4> kObjectives{"accuracy", "performance", "modelsize", "footprint"};
    Section multi = section.section("multi_objectives");
    const std::vector<std::string> objectives = multi.words_among("objective", kObjectives);
    std::vector<double> weights = multi.numbers("weight", {});
    const std::vector<std::string> directions = multi.words("higher_is_better", {});
    // Lists that are left out mean equal weights and the usual directions.
    const bool fits = (weights.empty() || weights.size() == objectives.size()) &&
                      (directions.empty() || directions.size() == objectives.size());
    if (objectives.empty() || !fits) {
        fail_at(multi.node(),
                fmt::format("must have objectives, and as many weights and directions (higher_is_better) as those; got "
                            "objectives: {}, weights: {}, directions: {}",
                            objectives.size(), weights.size(), directions.size()),
                true);
    }
    const auto negative = std::find_if(weights.begin(), weights.end(), [](double w) { return w < 0; });
    if (negative != weights.end()) {
        fail_at(*multi.given("weight"), "must be numbers >= 0, got '" + float_text(*negative) + "'", true);
    }
    // Equal shares that add up to one, so that the sum stays a mean.
    if (weights.empty()) weights.assign(objectives.size(), 1.0 / static_cast<double>(objectives.size()));
    for (std::size_t i = 0; i < objectives.size(); ++i) {
        // Which way is better is no choice here: LPOT reads it because its users bring their own objectives.
        const bool is_higher = objectives[i] == "accuracy" && config.criterion.higher_is_better;
        const std::string wanted = is_higher ? "True" : "False";
        const std::string other = is_higher ? "true" : "false";
        if (!directions.empty() && directions[i] != wanted && directions[i] != other) {
            fail_at(*multi.given("higher_is_better"),
                    "is " + wanted + " for " + objectives[i] + ", got '" + directions[i] + "'");
        }
        add_objective(config.objective, objectives[i], weights[i]);
    }
    section.put("multi_objectives", multi.finish());
}

/// Shown only where it is given: journals of configs without the key keep their identity.
void read_objective_unmet(Section& section, TuningConfig& config) {
    const ConfigNode* node = section.given("objective_unmet");
    if (node == nullptr) return;
    const std::string word = section.text("objective_unmet", "");
    const auto parsed = kObjectiveUnmetNames.parse(word);
    if (!parsed) refuse_unknown(node->mark, node->path, word, split(kObjectiveUnmetNames.allowed(), ' '));
    config.objective_unmet = *parsed;
}

/// When a search ends before it has tried everything.
void read_exit_policy(Section& parent, TuningConfig& config) {
    Section section = parent.section("exit_policy");
    config.timeout_s = section.number("timeout", 0);
    if (config.timeout_s < 0) {
        const ConfigNode& node = *section.given("timeout");
        fail_at(node,
                "must be seconds >= 0 (0: stop at the first trial that meets the goal), got '" + node.scalar + "'");
    }
    config.max_trials = section.integer("max_trials", config.max_trials, 1);
    config.performance_only = section.boolean("performance_only", false);
    parent.put("exit_policy", section.finish());
}

/// Where a run keeps its files. An empty path means a new folder that is named by the time.
void read_workspace(Section& parent, TuningConfig& config, Notes& notes) {
    Section section = parent.section("workspace");
    config.workspace = section.text("path", "");
    if (const ConfigNode* node = section.keep("resume")) {
        notes.add(*node, "cannot be read: it is a Python pickle of LPOT; use --resume with Halftone's own workspace");
    }
    parent.put("workspace", section.finish());
}

/// Keys that LPOT does not have. docs/configuration.md says which of them are not available yet.
void read_execution(Section& section, TuningConfig& config, Notes& notes) {
    static constexpr std::array<std::string_view, 2> kModes{"exact", "fast"};
    if (section.word("mode", "exact", kModes) == "fast") {
        notes.add(*section.given("mode"), "'fast' is not available yet; available: exact");
    }
    config.early_termination = section.boolean("early_termination", config.early_termination);
    config.prefix_reuse = section.boolean("prefix_reuse", config.prefix_reuse);
    // The upper limits catch typing errors: a number of bytes where megabytes are meant, a number of samples for
    // shards.
    config.prefix_memory_mb = section.integer("prefix_memory_mb", config.prefix_memory_mb, 0, 1 << 20);
    config.sample_memory_mb = section.integer("sample_memory_mb", config.sample_memory_mb, 0, 1 << 20);
    config.finalists = section.integer("finalists", config.finalists, 1, 1000);
    config.shards = section.integer("shards", config.shards, 1, 100'000);
    config.batch_size = section.integer("batch_size", config.batch_size, 1, 65'536);
    config.threads = section.integer("threads", config.threads, 1, 1024);
}

}  // namespace

std::optional<AccuracyCriterion> read_loss(Section& section) {
    const auto relative = section.percent("relative");
    const auto absolute = section.percent("absolute");
    // LPOT would take one of the two, and the user would not learn which.
    if (relative && absolute) {
        const ConfigNode& first = *section.given("relative");
        fail_at(*section.given("absolute"), "cannot stand beside relative (" + first.key_mark.to_text() + "); give one",
                true);
    }
    if (relative && (*relative <= -1 || *relative >= 1)) {
        const ConfigNode& node = *section.given("relative");
        fail_at(node,
                "must be > -1 and < 1, a fraction of the baseline's accuracy (0.01 or 1%), got '" + node.scalar + "'");
    }
    if (!relative && !absolute) return std::nullopt;
    AccuracyCriterion criterion;
    criterion.is_relative = relative.has_value();
    criterion.loss = relative ? *relative : *absolute;
    return criterion;
}

TuningConfig read_tuning(Section& section, const KnownNames& known, Notes& notes, bool higher_is_better) {
    TuningConfig config;
    read_strategy(section, config, known, notes);
    read_criterion(section, config.criterion, higher_is_better);
    read_objectives(section, config);
    read_objective_unmet(section, config);
    read_exit_policy(section, config);
    config.random_seed = section.integer("random_seed", config.random_seed, 0);
    config.tensorboard = section.boolean("tensorboard", false);
    read_workspace(section, config, notes);
    if (const ConfigNode* node = section.keep("diagnosis")) notes.add(*node, "is not available yet", true);
    read_execution(section, config, notes);
    return config;
}

}  // namespace halftone::config_detail
