// The whole schema, from a tree to a RunConfig.
//
//   read_version, read_model, read_device, read_cluster   the small sections
//   read_tree        all sections in the order of the schema; tolerant reading calls it, too (config_faults.cpp)
//   identity_hash    what two attempts at one search must have in common
//   read_run_config  text, overrides, tree
#include "config/run_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/path.hpp"
#include "base/text.hpp"
#include "config/parts.hpp"
#include "config/reader.hpp"
#include "config/yaml_writer.hpp"

namespace halftone {
namespace {

using config_detail::Notes;
using config_detail::Section;

/// LPOT compares with its major version, 1.
void read_version(Section& section) {
    const ConfigNode* node = section.given("version");
    if (node == nullptr) return section.put("version", plain_node("1.0"));
    const std::string version = section.text("version", "");
    const auto number = parse_double(version);
    if (!number || *number < 1 || *number >= 2) {
        fail_at(*node, "must be 1.0 (or another 1.x), got '" + version + "'");
    }
}

/// One item of model.input_shapes: a size, or a word for a dimension that is not given here (N, '?', -1).
std::int64_t read_size(const ConfigNode& item) {
    if (item.kind != ConfigNode::Kind::scalar) fail_at(item, "must be a size or a word");
    const auto number = parse_int(item.scalar);
    if (!number) return -1;
    constexpr std::int64_t kLargest = 2'147'483'647;
    if (*number != -1 && (*number < 1 || *number > kLargest)) {
        fail_at(item, fmt::format("must be 1 to {}, or a word or -1 for a size that is not given here, got '{}'",
                                  kLargest, item.scalar));
    }
    return *number;
}

/// {NAME: [N, 3, 320, 320]}. Whether the names and the sizes fit is seen when the model is there.
void read_input_shapes(Section& section, RunConfig& config) {
    const ConfigNode* shapes = section.keep("input_shapes");
    if (shapes == nullptr) return;
    if (shapes->kind != ConfigNode::Kind::map) fail_at(*shapes, "must be a map: {NAME: [N, 3, 320, 320]}");
    for (const auto& [name, list] : shapes->entries) {
        if (list.kind != ConfigNode::Kind::list) fail_at(list, "must be a list with a size for each dimension");
        std::vector<std::int64_t>& shape = config.input_shapes[name];
        for (const ConfigNode& item : list.items) shape.push_back(read_size(item));
    }
}

/// The model itself is not looked at: a config may be printed where its model does not exist.
void read_model(Section& parent, RunConfig& config) {
    Section section = parent.section("model");
    const ConfigNode* path = section.given("path");
    // A path that is no text is refused by section.text() below, with its place.
    const std::string written_path = path != nullptr && path->kind == ConfigNode::Kind::scalar ? path->scalar : "";
    // LPOT demands name and framework; the fragments in its documents leave them out.
    config.model_name = section.text("name", path_stem(written_path));
    config.framework = section.word("framework", "onnxrt_qlinearops", config_detail::kFrameworks);
    static_cast<void>(section.text("path", ""));
    if (path != nullptr) {
        config.model_path = resolve_path(*path);
        config.model_path_mark = path->mark;
    }
    // Checked and printed; ONNX files say themselves what goes in and comes out.
    static_cast<void>(section.words("inputs", {}));
    static_cast<void>(section.words("outputs", {}));
    read_input_shapes(section, config);
    parent.put("model", section.finish());
}

void read_device(Section& section, Notes& notes) {
    static constexpr std::array<std::string_view, 2> kDevices{"cpu", "gpu"};
    if (section.word("device", "cpu", kDevices) == "gpu") {
        notes.add(*section.given("device"), "'gpu' is not available; available: cpu");
    }
}

/// Whole sections of LPOT for other kinds of compression: shown as they are, and refused when run.
void read_foreign_sections(Section& section, Notes& notes) {
    for (const std::string_view key : {"graph_optimization", "mixed_precision", "pruning", "train"}) {
        if (const ConfigNode* node = section.keep(key)) {
            notes.add(*node, "is not available; available: quantization", true);
        }
    }
    // LPOT's word for models that were trained for quantization: they say themselves how they are quantized.
    (void)section.keep("model_conversion");
}

/// Pins the instruction set, so that a run on another kind of machine stops instead of giving other numbers.
void read_cluster(Section& parent, RunConfig& config) {
    Section section = parent.section("cluster");
    config.cluster_isa = section.text("isa", "");
    parent.put("cluster", section.finish());
}

/// Keys that may differ between two attempts at one search. The model's own hash stands in the journal beside this one.
bool is_without_identity(const std::string& path) {
    static constexpr std::array<std::string_view, 10> kPaths{
        "version",
        "model",
        "tuning.workspace",
        "tuning.exit_policy.timeout",
        "tuning.exit_policy.max_trials",
        "tuning.tensorboard",
        "tuning.sample_memory_mb",
        "evaluation.performance",
        "evaluation.accuracy.configs",
        "evaluation.accuracy.dataloader.batch_size",
    };
    return std::find(kPaths.begin(), kPaths.end(), path) != kPaths.end();
}

/// Order decides for transforms and for the patterns of op_wise, nowhere else.
bool is_ordered(const std::string& path) { return path.ends_with(".transform") || path == "quantization.op_wise"; }

/// Adds a tree to a hash so that neither the spelling of a value nor the order of keys counts. The word "end" closes
/// each map: without it a key could move to the map around it unnoticed.
void add_tree(const ConfigNode& node, const std::string& path, Hasher& hasher) {
    hasher.add(node.kind).add(node.scalar).add(std::uint64_t{node.items.size()});
    for (const ConfigNode& item : node.items) add_tree(item, path + "[]", hasher);
    std::vector<const ConfigEntry*> entries;
    for (const auto& entry : node.entries) entries.push_back(&entry);
    if (!is_ordered(path)) {
        std::sort(entries.begin(), entries.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    }
    for (const auto* entry : entries) {
        const std::string child = path.empty() ? entry->first : path + "." + entry->first;
        if (is_without_identity(child)) continue;
        hasher.add(entry->first);
        add_tree(entry->second, child, hasher);
    }
    hasher.add(std::string_view("end"));
}

}  // namespace

namespace config_detail {

// Reads the whole schema, section by section. The order of the calls is the order in which --print-config shows the
// keys and in which the first of several mistakes is found.
RunConfig read_tree(const ConfigNode& root, const std::string& file, const KnownNames& known) {
    RunConfig config;
    config.file = file;
    Notes notes(config.not_available);
    Section top(root);
    read_version(top);
    read_model(top, config);
    read_device(top, notes);
    read_foreign_sections(top, notes);

    // Each part leaves its effective keys in its section, and the section in the effective config.
    Section quantization = top.section("quantization");
    config.quantization = read_quantization(quantization, known, notes);
    top.put("quantization", quantization.finish());

    Section tuning = top.section("tuning");
    config.tuning = read_tuning(tuning, known, notes, config_detail::is_higher_better(root, known));
    top.put("tuning", tuning.finish());

    if (top.given("evaluation") != nullptr) {
        Section evaluation = top.section("evaluation");
        config.evaluation = read_evaluation(evaluation, known, notes, config.tuning.criterion);
        top.put("evaluation", evaluation.finish());
    }
    if (config.quantization.calibration) config.quantization.calibration->framework = config.framework;
    if (config.evaluation) config.evaluation->dataloader.framework = config.framework;
    read_cluster(top, config);
    config.effective = top.finish();
    return config;
}

}  // namespace config_detail

std::string EvaluationConfig::goal_name() const { return is_weighted ? "weighted mean" : metrics.front().plugin.name; }

std::uint64_t RunConfig::identity_hash() const {
    Hasher hasher;
    add_tree(effective, "", hasher);
    // They decide what the model computes, as its bytes do; add_tree leaves the model's other keys out.
    for (const auto& [name, shape] : input_shapes) {
        hasher.add(name);
        for (const std::int64_t size : shape) hasher.add(size);
    }
    return hasher.digest();
}

RunConfig read_run_config(std::string_view text, const std::string& file, const std::vector<std::string>& overrides,
                          const KnownNames& known) {
    ConfigNode root = parse_yaml(text, file);
    // On the tree, before the schema is read: an override is checked like a line of the file, and later ones win.
    for (const std::string& assignment : overrides) apply_override(root, assignment);
    return config_detail::read_tree(root, file, known);
}

// The effective tree was built while reading: what is printed is what was understood.
std::string print_config(const RunConfig& config) { return to_yaml(config.effective); }

}  // namespace halftone
