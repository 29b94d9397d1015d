// tuning: strategy, goal, exit policy and how trials are run.
#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/parts.hpp"

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
    static_cast<void>(section.integer("batch", 8, 1, 1024));
    for (const std::string_view key : {"sigopt_api_token", "sigopt_project_id", "sigopt_experiment_name"}) {
        if (section.given(key) != nullptr) static_cast<void>(section.text(key, ""));
    }
    for (const std::string_view key : {"accuracy_weight", "latency_weight"}) {
        if (section.given(key) != nullptr) static_cast<void>(section.number(key, 1.0));
    }

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

void read_criterion(Section& parent, AccuracyCriterion& criterion) {
    Section section = parent.section("accuracy_criterion");
    const auto relative = section.percent("relative");
    const auto absolute = section.percent("absolute");
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
    if (!relative && !absolute) {
        if (!section.node().entries.empty()) fail_at(section.node(), "needs relative or absolute", true);
        section.put("relative", plain_node(float_text(criterion.loss)));
    }
    criterion.is_relative = !absolute.has_value();
    criterion.loss = absolute.value_or(relative.value_or(criterion.loss));
    criterion.higher_is_better = section.boolean("higher_is_better", true);
    parent.put("accuracy_criterion", section.finish());
}

void read_objectives(Section& section, TuningConfig& config, Notes& notes) {
    const std::string objective = section.text("objective", "performance");
    if (const ConfigNode* node = section.given("objective")) {
        const auto parsed = kObjectiveNames.parse(objective);
        if (!parsed) refuse_unknown(node->mark, node->path, objective, split(kObjectiveNames.allowed(), ' '));
        config.objective = *parsed;
        if (*parsed != Objective::performance) {
            notes.add(*node, "'" + objective + "' is not available yet; available: performance");
        }
    }
    if (section.given("multi_objectives") == nullptr) return;
    static constexpr std::array<std::string_view, 4> kObjectives{"accuracy", "performance", "modelsize", "footprint"};
    Section multi = section.section("multi_objectives");
    const std::size_t count = multi.words_among("objective", kObjectives).size();
    const std::size_t weights = multi.numbers("weight", {}).size();
    const std::size_t directions = multi.words("higher_is_better", {}).size();
    if ((weights != 0 && weights != count) || (directions != 0 && directions != count)) {
        fail_at(multi.node(), "must have as many weights and directions as objectives", true);
    }
    notes.add(multi.node(), "is not available yet; available: tuning.objective performance", true);
    section.put("multi_objectives", multi.finish());
}

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

void read_workspace(Section& parent, TuningConfig& config, Notes& notes) {
    Section section = parent.section("workspace");
    config.workspace = section.text("path", "");
    if (const ConfigNode* node = section.keep("resume")) {
        notes.add(*node, "cannot be read: it is a Python pickle of LPOT; use --resume with Halftone's own workspace");
    }
    parent.put("workspace", section.finish());
}

/// Ours. What does not act yet is listed in README.md.
void read_execution(Section& section, TuningConfig& config, Notes& notes) {
    static constexpr std::array<std::string_view, 2> kModes{"exact", "fast"};
    if (section.word("mode", "exact", kModes) == "fast") {
        notes.add(*section.given("mode"), "'fast' is not available yet; available: exact");
    }
    static_cast<void>(section.boolean("early_termination", true));
    static_cast<void>(section.boolean("prefix_reuse", true));
    static_cast<void>(section.integer("prefix_memory_mb", 256, 0));
    static_cast<void>(section.integer("finalists", 3, 1, 1000));
    config.shards = section.integer("shards", config.shards, 1, 100'000);
    config.batch_size = section.integer("batch_size", config.batch_size, 1, 65'536);
    config.threads = section.integer("threads", config.threads, 1, 1024);
}

}  // namespace

TuningConfig read_tuning(Section& section, const KnownNames& known, Notes& notes) {
    TuningConfig config;
    read_strategy(section, config, known, notes);
    read_criterion(section, config.criterion);
    read_objectives(section, config, notes);
    read_exit_policy(section, config);
    config.random_seed = section.integer("random_seed", config.random_seed, 0);
    config.tensorboard = section.boolean("tensorboard", false);
    read_workspace(section, config, notes);
    if (const ConfigNode* node = section.keep("diagnosis")) notes.add(*node, "is not available yet", true);
    read_execution(section, config, notes);
    return config;
}

}  // namespace halftone::config_detail
