// The text of a plan file to a PlanDocument.
//
//   parse_score                    what the search measured: trial, accuracy, baseline, evidence, goal
//   parse_activation, parse_weight one unit's configuration
//   PlanParser                     the sections, each with the place of its items in the file
//
// Every map is read by a strict Reader, which refuses keys that nobody asked for: a key with a typing error must not
// silently give another model. What needs the model to be checked is checked in load_plan.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "calib/observer.hpp"
#include "config/reader.hpp"
#include "graph/given.hpp"
#include "plan/plan_document.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

/// "best.yaml:12:3: units[0]", as fail_at begins its messages.
std::string place_of(const ConfigNode& node) { return node.mark.to_text() + ": " + node.path; }

/// Items of a list; an absent key is an empty one.
const std::vector<ConfigNode>& items_of(Reader& reader, std::string_view key) {
    static const std::vector<ConfigNode> none;
    const ConfigNode* node = reader.child(key);
    if (node == nullptr || node->is_empty()) return none;
    if (node->kind != ConfigNode::Kind::list) fail_at(*node, "must be a list");
    return node->items;
}

std::vector<float> finite_floats(Reader& reader, std::string_view key) {
    std::vector<float> values;
    for (const double value : reader.numbers(key, {})) values.push_back(static_cast<float>(value));
    const auto is_finite = [](float value) { return std::isfinite(value); };
    if (!std::all_of(values.begin(), values.end(), is_finite)) reader.fail(key, "must be finite numbers");
    return values;
}

/// A number that fits a float: 1e300 would become an infinity.
float finite_float(Reader& reader, std::string_view key, float fallback) {
    const auto value = static_cast<float>(reader.number(key, static_cast<double>(fallback)));
    if (!std::isfinite(value)) reader.fail(key, "must be a finite number that fits 32 bits");
    return value;
}

/// An accuracy: a number, or .nan and .inf as a metric may give them. Absent or null: `fallback`.
double any_number(Reader& reader, std::string_view key, double fallback) {
    const std::string text = reader.text(key, "");
    if (text == ".nan") return std::nan("");
    if (text == ".inf") return HUGE_VAL;
    if (text == "-.inf") return -HUGE_VAL;
    return reader.number(key, fallback);
}

/// A map below `key`; none where the key is absent or null.
const ConfigNode* map_below(Reader& reader, std::string_view key) {
    const ConfigNode* node = reader.child(key);
    return node == nullptr || node->is_empty() ? nullptr : node;
}

PlanEvidence parse_evidence(const ConfigNode& node) {
    Reader reader(node);
    PlanEvidence evidence;
    evidence.samples = reader.integer("samples", 0, 0);
    // Low and high end, as wilson95 gives them.
    const std::vector<double> interval = reader.numbers("ci95", {});
    if (interval.size() != 2) reader.fail("ci95", "must be two numbers");
    evidence.low = interval[0];
    evidence.high = interval[1];
    reader.finish();
    return evidence;
}

/// {topk: 0.93}: the names are the user's.
std::vector<std::pair<std::string, double>> parse_metrics(const ConfigNode& node) {
    Reader reader(node);
    std::vector<std::pair<std::string, double>> metrics;
    for (const auto& [name, value] : node.entries) metrics.emplace_back(name, any_number(reader, name, 0));
    reader.finish();
    return metrics;
}

PlanLoss parse_loss(const ConfigNode& node) {
    Reader reader(node);
    PlanLoss loss;
    loss.value = any_number(reader, "value", 0);
    const std::vector<double> interval = reader.numbers("ci95", {});
    // Left out if the metric has no interval.
    if (!interval.empty() && interval.size() != 2) reader.fail("ci95", "must be two numbers");
    if (!interval.empty()) loss.ci95 = {interval[0], interval[1]};
    reader.finish();
    return loss;
}

PlanGoal parse_goal(const ConfigNode& node) {
    Reader reader(node);
    PlanGoal goal;
    const std::string kind = reader.required_text("kind");
    if (kind != "relative" && kind != "absolute") reader.fail("kind", "must be one of: relative absolute");
    goal.is_relative = kind == "relative";
    goal.loss = any_number(reader, "loss", 0);
    goal.is_met = reader.boolean("met", false);
    reader.finish();
    return goal;
}

/// Says nothing about the model's numbers, so a file may come without it.
std::optional<PlanScore> parse_score(Reader& reader) {
    PlanScore score;
    // Every key is read in any case, because finish() refuses keys that nobody asked for.
    const ConfigNode* trial = reader.child("trial");
    score.trial = reader.integer("trial", -1, -1);  // -1: the fp32 model itself, whose evaluation was the baseline
    score.accuracy = any_number(reader, "accuracy", 0);
    if (const ConfigNode* node = map_below(reader, "baseline")) {
        Reader baseline(*node);
        score.baseline = any_number(baseline, "accuracy", 0);
        baseline.finish();
    }
    if (const ConfigNode* node = map_below(reader, "metrics")) score.metrics = parse_metrics(*node);
    if (const ConfigNode* node = map_below(reader, "loss")) score.loss = parse_loss(*node);
    if (const ConfigNode* node = map_below(reader, "evidence")) score.evidence = parse_evidence(*node);
    if (const ConfigNode* node = map_below(reader, "goal")) score.goal = parse_goal(*node);
    // null: the run evaluated nothing, and the other keys are null, too.
    if (trial == nullptr || trial->is_empty()) return std::nullopt;
    return score;
}

/// Algorithms that a plan may name: those that have an observer, that of parameters from the model's file, and that of
/// weights by blocks.
struct PlanAlgorithms {
    [[nodiscard]] static std::optional<Algorithm> parse(std::string_view word) {
        for (const Algorithm& own : {kGiven, kRoundToNearest, kGptq, kAwq}) {
            if (word == own.word()) return own;
        }
        return kAlgorithmWords.parse(word);
    }
    [[nodiscard]] static std::string allowed() {
        return fmt::format("{} {} {} {} {}", kAlgorithmWords.allowed(), kGiven.word(), kRoundToNearest.word(),
                           kGptq.word(), kAwq.word());
    }
};
constexpr PlanAlgorithms kPlanAlgorithms{};

template <class Config>
void parse_scheme(Reader& reader, Config& config) {
    config.dtype = reader.word("dtype", kDTypeNames, DType::f32);
    config.scheme = reader.word("scheme", kSchemeNames, config.scheme);
    config.granularity = reader.word("granularity", kGranularityNames, config.granularity);
    config.algorithm = reader.word("algorithm", kPlanAlgorithms, config.algorithm);
}

ActivationConfig parse_activation(const ConfigNode& node) {
    Reader reader(node);
    ActivationConfig config;
    parse_scheme(reader, config);
    config.percentile = finite_float(reader, "percentile", 0);
    config.when = reader.word("quant_mode", kWhenNames, When::calibrated);
    reader.finish();
    return config;
}

WeightConfig parse_weight(const ConfigNode& node) {
    Reader reader(node);
    WeightConfig config;
    parse_scheme(reader, config);
    config.bit = finite_float(reader, "bit", kAllBits);
    config.group_size = reader.integer("group_size", 0, 0);
    // Only weights by blocks have other types than int8, and only they have these algorithms (but for `given`).
    const bool is_by_blocks = config.group_size != 0;
    const bool is_of_blocks =
        config.algorithm == kRoundToNearest || config.algorithm == kGptq || config.algorithm == kAwq;
    const bool has_block_words =
        (is_of_blocks || config.algorithm == kGiven) && (config.dtype == DType::s4 || config.dtype == DType::s8);
    if (is_by_blocks && !has_block_words)
        fail_at(node, "has a group_size: it must have dtype int4 or int8 and algorithm rtn, gptq, awq or given");
    if (!is_by_blocks && (is_of_blocks || is_four_bit(config.dtype)))
        fail_at(node, "needs a group_size for int4, rtn, gptq or awq");
    reader.finish();
    return config;
}

void check_params(const ConfigNode& item, const QuantParams& params) {
    if (params.has_blocks()) return;         // the scales follow from the weight, and the unit says how
    if (params.dtype == DType::s32) return;  // a bias: its scale is the product of two others, and is not read back
    if (params.dtype != DType::u8 && params.dtype != DType::s8) {
        fail_at(item, fmt::format("must have dtype uint8, int8 or int32, got {}", to_string(params.dtype)));
    }
    if (params.scale.empty()) fail_at(item, "must have scales > 0, got none");
    for (const float scale : params.scale) {
        if (!(scale > 0)) fail_at(item, "must have scales > 0, got " + float_text(scale));
    }
    if (params.zero_point.size() != params.scale.size()) {
        fail_at(item, fmt::format("must have a zero point for each scale, got {} zero points for {} scales",
                                  params.zero_point.size(), params.scale.size()));
    }
    const CodeRange range = code_range(params.dtype);
    for (const std::int32_t zero_point : params.zero_point) {
        if (zero_point < range.low || zero_point > range.high) {
            fail_at(item, fmt::format("has a zero point that is no code: {}; allowed: {} to {}", zero_point, range.low,
                                      range.high));
        }
    }
}

class PlanParser {
public:
    ParsedPlan parse(const ConfigNode& root) {
        Reader reader(root);
        if (reader.integer("format", kPlanFormat, 0) != kPlanFormat) reader.fail("format", "must be 1");
        // What is missing in the file has no line of its own; messages about it name the file's first.
        parsed_.places.file = root.mark.to_text();
        document_.model = reader.required_text("model");
        parsed_.places.model = place_of(*reader.child("model"));
        // The facts of the search change no number of the model. Their types are checked all the same: a wrong one
        // means that the file was edited, and the user should learn the line.
        document_.score = parse_score(reader);
        document_.isa = reader.text("isa", "");
        document_.calibration_samples = reader.integer("calibration_samples", 0, 0);
        document_.preparation = reader.text("preparation", "");
        parse_recipes(reader);
        for (const ConfigNode& item : items_of(reader, "units")) parse_unit(item);
        for (const ConfigNode& item : items_of(reader, "tensors")) parse_tensor(item);
        for (const ConfigNode& item : items_of(reader, "corrections")) parse_correction(item);
        if (const ConfigNode* codes = map_below(reader, "codes")) parse_codes(*codes);
        for (const ConfigNode& item : items_of(reader, "kernels")) parse_kernel(item);
        reader.finish();
        return std::move(parsed_);
    }

private:
    // The lengths of the factors are checked by the recipes themselves, against the model.
    void parse_recipes(Reader& reader) {
        for (const ConfigNode& item : items_of(reader, "equalization")) {
            Reader row(item);
            EqualizedPair pair;
            pair.first = row.required_text("first");
            pair.second = row.required_text("second");
            pair.factor = finite_floats(row, "factor");
            row.finish();
            document_.recipes.equalization.push_back(std::move(pair));
        }
        for (const ConfigNode& item : items_of(reader, "smoothing")) {
            Reader row(item);
            document_.recipes.smoothing.push_back({row.required_text("value"), finite_floats(row, "factor")});
            row.finish();
        }
    }

    void parse_unit(const ConfigNode& item) {
        Reader row(item);
        PlanUnit unit;
        unit.name = row.required_text("name");
        unit.op = row.text("op", "");
        for (const ConfigNode& node : items_of(row, "nodes")) unit.nodes.push_back(node.scalar);
        const ConfigNode* activation = row.child("activation");
        const ConfigNode* weight = row.child("weight");
        if (activation == nullptr || weight == nullptr) fail_at(item, "needs activation and weight");
        unit.config = {parse_activation(*activation), parse_weight(*weight)};
        unit.output = row.word("output", kDTypeNames, DType::f32);
        unit.is_accelerated = row.boolean("accelerated", true);
        unit.why = row.text("why", "");
        row.finish();
        document_.units.push_back(std::move(unit));
        // load_plan compares the units with the model later, and its messages name the line in the file.
        parsed_.places.units.push_back(place_of(item));
    }

    void parse_tensor(const ConfigNode& item) {
        Reader row(item);
        QuantizedTensor tensor;
        tensor.name = row.required_text("name");
        tensor.unit = row.text("unit", "");
        tensor.params.dtype = row.word("dtype", kDTypeNames, DType::f32);
        tensor.params.block_size = row.integer("block_size", 0, 0);
        tensor.params.scale = finite_floats(row, "scale");
        tensor.params.zero_point.clear();  // the preset is one zero
        for (const std::int64_t zero_point : row.integers("zero_point", {})) {
            // 2^32 cut to 32 bits would be the code 0, and a valid one.
            if (!std::in_range<std::int32_t>(zero_point)) row.fail("zero_point", "must be integers of 32 bits");
            tensor.params.zero_point.push_back(static_cast<std::int32_t>(zero_point));
        }
        tensor.params.axis = row.integer("axis", 0, 0);
        row.finish();
        check_params(item, tensor.params);
        document_.tensors.push_back(std::move(tensor));
        parsed_.places.tensors.push_back(place_of(item));
    }

    void parse_correction(const ConfigNode& item) {
        Reader row(item);
        PlanCorrection correction;
        correction.unit = row.required_text("unit");
        correction.weight_factor = finite_floats(row, "weight_factor");
        correction.weight_shift = finite_floats(row, "weight_shift");
        correction.bias_shift = finite_floats(row, "bias_shift");
        row.finish();
        document_.corrections.push_back(std::move(correction));
        parsed_.places.corrections.push_back(place_of(item));
    }

    void parse_codes(const ConfigNode& item) {
        Reader row(item);
        PlanCodes& codes = document_.codes.emplace();
        codes.file = row.required_text("file");
        codes.hash = row.required_text("hash");
        // Their order is that of the arrays in the file.
        for (const ConfigNode& unit : items_of(row, "units")) codes.units.push_back(unit.scalar);
        // A plan may come from a stranger: it must not name files elsewhere.
        const bool is_path = codes.file.find_first_of(std::string_view("/\0", 2)) != std::string::npos;
        if (is_path || codes.file == "." || codes.file == "..") {
            row.fail("file", "must be the name of a file in the folder of the plan, without a path");
        }
        row.finish();
        parsed_.places.codes = place_of(item);
    }

    void parse_kernel(const ConfigNode& item) {
        Reader row(item);
        const std::string node = row.required_text("node");
        const std::string kernel = row.required_text("kernel");
        row.finish();
        if (!is_kernel_name(kernel)) fail_at(item, "must have a kernel native, dnnl or dnnl/NAME");
        // A model's file keeps its kernels one a line, so a line break would end the name there.
        if (node.find('\n') != std::string::npos) fail_at(item, "has a node name with a line break");
        if (!document_.kernels.emplace(node, kernel).second) fail_at(item, "names a node for the second time");
    }

    ParsedPlan parsed_;
    PlanDocument& document_ = parsed_.document;
};

}  // namespace

ParsedPlan parse_plan(std::string_view text, const std::string& file) {
    const ConfigNode root = parse_yaml(text, file, kPlanLimits);
    return PlanParser().parse(root);
}

}  // namespace halftone
