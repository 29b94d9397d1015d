// evaluation and the dataloaders: which data, which transforms, which metric. Parameters are left to the plug-ins.
#include <fmt/format.h>

#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/parts.hpp"

namespace halftone::config_detail {
namespace {

/// LPOT reads these in benchmark mode only; they are checked and shown.
void read_configs(Section& parent) {
    if (parent.given("configs") == nullptr) return;
    Section section = parent.section("configs");
    for (const std::string_view key :
         {"cores_per_instance", "num_of_instance", "inter_num_of_threads", "intra_num_of_threads", "kmp_blocktime"}) {
        if (section.given(key) != nullptr) static_cast<void>(section.integer(key, 1, key == "kmp_blocktime" ? 0 : 1));
    }
    if (section.given("kmp_affinity") != nullptr) static_cast<void>(section.text("kmp_affinity", ""));
    parent.put("configs", section.finish());
}

/// What happens to labels and answers before the metric sees them.
std::vector<PluginConfig> read_postprocess(Section& parent, const KnownNames& known, Notes& notes) {
    if (parent.given("postprocess") == nullptr) return {};
    Section section = parent.section("postprocess");
    std::vector<PluginConfig> steps = read_plugins(section, "transform", kPostprocesses, known.postprocesses, notes);
    parent.put("postprocess", section.finish());
    return steps;
}

/// How many batches are evaluated; LPOT's -1 means all of them. Zero would be a measurement of nothing.
std::int64_t read_iteration(Section& section) {
    const std::int64_t iteration = section.integer("iteration", -1, -1);
    if (iteration == 0) fail_at(*section.given("iteration"), "must be -1 (all batches) or an integer > 0, got '0'");
    return iteration;
}

/// The end of a message about a data set that is missing.
std::string one_of_datasets(const KnownNames& known) { return "one of: " + join(known.datasets, " "); }

EvaluationConfig read_accuracy(Section& parent, const KnownNames& known, Notes& notes, const AccuracyCriterion& goal) {
    EvaluationConfig config;
    Section section = parent.section("accuracy");
    read_metrics(section, config, known, notes, goal);
    read_configs(section);
    config.iteration = read_iteration(section);
    if (section.given("dataloader") != nullptr) {
        Section dataloader = section.section("dataloader");
        config.dataloader = read_dataloader(dataloader, known, notes);
        section.put("dataloader", dataloader.finish());
    } else {
        // LPOT's users may set it in their program. Such a config can be printed, and says what running it needs.
        notes.add(section.section("dataloader").node(),
                  "is missing: a metric needs data; add a dataloader with a dataset (docs/data.md)", true);
    }
    config.postprocess = read_postprocess(section, known, notes);
    parent.put("accuracy", section.finish());
    return config;
}

/// LPOT's benchmark block: checked and shown, but `tune` and `eval` have no use for it, so it never prevents running.
void read_performance(Section& parent, const KnownNames& known) {
    // Nothing in this block keeps a config from running, so what is not available in it is noted nowhere.
    std::vector<std::string> ignored;
    Notes notes(ignored);
    Section section = parent.section("performance");
    static_cast<void>(section.integer("warmup", 5, 0));
    static_cast<void>(read_iteration(section));
    read_configs(section);
    if (section.given("dataloader") != nullptr) {
        Section dataloader = section.section("dataloader");
        static_cast<void>(read_dataloader(dataloader, known, notes));
        section.put("dataloader", dataloader.finish());
    }
    static_cast<void>(read_postprocess(section, known, notes));
    parent.put("performance", section.finish());
}

}  // namespace

// The keys below `key` are names of plug-ins, the values are theirs to read. Only the names are checked here: a plug-in
// reads its section when it is made, with its own Reader.
std::vector<PluginConfig> read_plugins(Section& section, std::string_view key, std::span<const std::string_view> lpot,
                                       const std::vector<std::string>& known, Notes& notes) {
    Section map = section.section(key);
    std::vector<PluginConfig> plugins;
    for (const auto& [name, node] : map.node().entries) {
        check_name({node.key_mark, map.node().path}, name, lpot, known, notes);
        plugins.push_back({.name = name, .node = node});
        static_cast<void>(map.given(name));
        map.put(name, node);
    }
    section.put(key, map.finish());
    return plugins;
}

// LPOT takes the first of several and is silent about the others. Here two are an error that names both places.
PluginConfig read_one_plugin(Section& section, std::string_view key, std::span<const std::string_view> lpot,
                             const std::vector<std::string>& known, Notes& notes) {
    const ConfigNode* node = section.given(key);
    if (node == nullptr) {
        const Section missing = section.section(key);
        fail_at(missing.node(), "is missing; one of: " + join(known.empty() ? to_strings(lpot) : known, " "), true);
    }
    auto plugins = read_plugins(section, key, lpot, known, notes);
    if (plugins.size() > 1) {
        fail_at(plugins[1].node,
                fmt::format("is one too many: {} takes exactly one, and has {} ({})", node->path, plugins[0].name,
                            plugins[0].node.key_mark.to_text()),
                true);
    }
    return std::move(plugins.front());
}

DataloaderConfig read_dataloader(Section& section, const KnownNames& known, Notes& notes) {
    // What happens to a last batch that is not full. Results do not depend on it: unused rows count for nothing.
    static constexpr std::array<std::string_view, 2> kLastBatches{"rollover", "discard"};
    DataloaderConfig config;
    // Checked and printed for LPOT's sake only. How many samples a kernel sees at once is tuning.batch_size.
    config.batch_size = section.integer("batch_size", config.batch_size, 1);
    config.last_batch = section.word("last_batch", config.last_batch, kLastBatches);
    config.shuffle = section.boolean("shuffle", false);
    if (section.given("dataset") == nullptr) {
        // A file whose data set is set in code can be printed, too.
        notes.add(section.section("dataset").node(), "is missing; " + one_of_datasets(known), true);
    } else {
        config.dataset = read_one_plugin(section, "dataset", kDatasets, known.datasets, notes);
    }
    if (section.given("filter") != nullptr)
        config.filter = read_one_plugin(section, "filter", kFilters, known.filters, notes);
    config.transforms = read_plugins(section, "transform", kTransforms, known.transforms, notes);
    if (const ConfigNode* collate = section.keep("collate")) config.collate = *collate;
    // Only where it is given: a config without it keeps its identity, and so its journals.
    if (section.given("on_bad_sample") != nullptr) {
        static constexpr std::array<std::string_view, 2> kOnBadSample{"fail", "skip"};
        config.skips_bad_samples = section.word("on_bad_sample", "fail", kOnBadSample) == "skip";
    }
    return config;
}

std::optional<EvaluationConfig> read_evaluation(Section& section, const KnownNames& known, Notes& notes,
                                                const AccuracyCriterion& goal) {
    std::optional<EvaluationConfig> config;
    // Without accuracy there is nothing to measure: the model is quantized once and no trial is run.
    if (section.given("accuracy") != nullptr) config = read_accuracy(section, known, notes, goal);
    if (section.given("performance") != nullptr) read_performance(section, known);
    return config;
}

}  // namespace halftone::config_detail
