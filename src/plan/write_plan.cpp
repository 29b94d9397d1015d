// PlanDocument to the text of a plan file, as a tree for config's YAML writer. The order of the keys is part of the
// format: people compare plan files by their lines.
//
//   activation_node, weight_node   words of a configuration; only those that mean something for its dtype
//   unit_node, tensor_node ...     one item of each section
//   put_score, put_no_score        what the search measured
//   put_rows                       a section with one item for each value
#include "config/yaml_writer.hpp"
#include "plan/plan_document.hpp"

namespace halftone {
namespace {

using Entries = std::vector<ConfigEntry>;

ConfigNode float_list(const std::vector<float>& values) {
    std::vector<ConfigNode> items;
    for (const float value : values) items.push_back(yaml::number(value));
    return yaml::flow_list(std::move(items));
}

/// The four words that activations and weights have in common.
template <class Config>
Entries scheme_entries(const Config& config) {
    return {{"dtype", yaml::word(to_string(config.dtype))},
            {"scheme", yaml::word(kSchemeNames.name(config.scheme))},
            {"granularity", yaml::word(kGranularityNames.name(config.granularity))},
            {"algorithm", yaml::word(config.algorithm.word())}};
}

ConfigNode dtype_only(DType dtype) { return yaml::flow_map({{"dtype", yaml::word(to_string(dtype))}}); }

ConfigNode activation_node(const ActivationConfig& config) {
    // In high precision the other words mean nothing, and would only look like a choice.
    if (config.dtype != DType::u8 && config.dtype != DType::s8) return dtype_only(config.dtype);
    Entries entries = scheme_entries(config);
    if (config.when != When::calibrated) entries.emplace_back("quant_mode", yaml::word(kWhenNames.name(config.when)));
    if (config.algorithm == Algorithm::percentile) entries.emplace_back("percentile", yaml::number(config.percentile));
    return yaml::flow_map(std::move(entries));
}

ConfigNode weight_node(const UnitConfig& unit) {
    if (!unit.is_quantized()) return dtype_only(unit.weight.dtype);
    if (unit.is_weight_only()) {
        return yaml::flow_map({{"dtype", yaml::word(to_string(unit.weight.dtype))},
                               {"scheme", yaml::word(kSchemeNames.name(unit.weight.scheme))},
                               {"algorithm", yaml::word(unit.weight.algorithm.word())},
                               {"group_size", yaml::integer(unit.weight.group_size)}});
    }
    Entries entries = scheme_entries(unit.weight);
    // 7.0 is what a reader takes where the key is missing.
    if (unit.weight.bit != kAllBits) entries.emplace_back("bit", yaml::number(unit.weight.bit));
    return yaml::flow_map(std::move(entries));
}

ConfigNode unit_node(const PlanUnit& unit) {
    std::vector<ConfigNode> nodes;
    for (const std::string& node : unit.nodes) nodes.push_back(yaml::quoted(node));
    Entries entries{{"name", yaml::quoted(unit.name)},
                    {"op", text_node(unit.op)},  // an ONNX word: without quotes unless it is odd
                    {"nodes", yaml::flow_list(std::move(nodes))},
                    {"activation", activation_node(unit.config.activation)},
                    {"weight", weight_node(unit.config)},
                    {"output", yaml::word(to_string(unit.output))}};
    if (!unit.is_accelerated) entries.emplace_back("accelerated", yaml::boolean(false));
    entries.emplace_back("why", yaml::quoted(unit.why));
    return yaml::map(std::move(entries));
}

ConfigNode tensor_node(const QuantizedTensor& tensor) {
    const QuantParams& params = tensor.params;
    std::vector<ConfigNode> zero_points;
    for (const std::int32_t zero_point : params.zero_point) zero_points.push_back(yaml::integer(zero_point));
    Entries entries{{"name", yaml::quoted(tensor.name)}};
    if (!tensor.unit.empty()) entries.emplace_back("unit", yaml::quoted(tensor.unit));
    entries.emplace_back("dtype", yaml::word(to_string(params.dtype)));
    if (params.has_blocks()) {
        // A scale for every few weights would be most of the file; they follow from the weight.
        entries.emplace_back("axis", yaml::integer(params.axis));
        entries.emplace_back("block_size", yaml::integer(params.block_size));
        return yaml::flow_map(std::move(entries));
    }
    entries.emplace_back("scale", float_list(params.scale));
    entries.emplace_back("zero_point", yaml::flow_list(std::move(zero_points)));
    // With one scale there is no axis, whatever the parameters hold.
    if (!params.is_per_tensor()) entries.emplace_back("axis", yaml::integer(params.axis));
    return yaml::flow_map(std::move(entries));
}

ConfigNode correction_node(const PlanCorrection& correction) {
    Entries entries{{"unit", yaml::quoted(correction.unit)}};
    if (!correction.weight_factor.empty()) {
        entries.emplace_back("weight_factor", float_list(correction.weight_factor));
        entries.emplace_back("weight_shift", float_list(correction.weight_shift));
    }
    if (!correction.bias_shift.empty()) entries.emplace_back("bias_shift", float_list(correction.bias_shift));
    return yaml::flow_map(std::move(entries));
}

void put_score(Entries& plan, const PlanScore& score) {
    plan.emplace_back("trial", yaml::integer(score.trial));
    plan.emplace_back("accuracy", yaml::number(score.accuracy));
    plan.emplace_back("baseline", yaml::flow_map({{"accuracy", yaml::number(score.baseline)}}));
    // Neither stands in files of earlier versions, nor where nothing was paired.
    if (!score.metrics.empty()) {
        Entries metrics;
        for (const auto& [name, value] : score.metrics) metrics.emplace_back(name, yaml::number(value));
        plan.emplace_back("metrics", yaml::flow_map(std::move(metrics)));
    }
    if (score.loss) {
        Entries loss{{"value", yaml::number(score.loss->value)}};
        if (const auto& ci95 = score.loss->ci95) {
            loss.emplace_back("ci95", yaml::flow_list({yaml::number(ci95->first), yaml::number(ci95->second)}));
        }
        plan.emplace_back("loss", yaml::flow_map(std::move(loss)));
    }
    if (score.evidence) {
        const PlanEvidence& evidence = *score.evidence;
        plan.emplace_back(
            "evidence",
            yaml::flow_map({{"samples", yaml::integer(evidence.samples)},
                            {"ci95", yaml::flow_list({yaml::number(evidence.low), yaml::number(evidence.high)})}}));
    }
    plan.emplace_back("goal", yaml::flow_map({{"kind", yaml::word(score.goal.is_relative ? "relative" : "absolute")},
                                              {"loss", yaml::number(score.goal.loss)},
                                              {"met", yaml::boolean(score.goal.is_met)}}));
}

/// Nothing was evaluated: the same keys, so that scripts find them, without values.
void put_no_score(Entries& plan) {
    plan.emplace_back("trial", yaml::null());
    plan.emplace_back("accuracy", yaml::null());
    plan.emplace_back("baseline", yaml::flow_map({{"accuracy", yaml::null()}}));
    plan.emplace_back("goal", yaml::null());
}

/// A section with a line for each value; left out if there are none.
template <class Values, class ToNode>
void put_rows(Entries& plan, const char* key, const Values& values, ToNode&& to_node, const std::string& comment = "") {
    if (values.empty()) return;
    std::vector<ConfigNode> rows;
    for (const auto& value : values) rows.push_back(to_node(value));
    plan.emplace_back(key, yaml::flush_list(std::move(rows)));
    plan.back().second.comment = comment;
}

}  // namespace

std::string write_plan(const PlanDocument& document) {
    Entries plan{{"format", yaml::integer(kPlanFormat)}};
    if (document.score) {
        put_score(plan, *document.score);
    } else {
        put_no_score(plan);
    }
    plan.emplace_back("isa", text_node(document.isa));
    plan.emplace_back("model", yaml::quoted(document.model));
    plan.emplace_back("calibration_samples", yaml::integer(document.calibration_samples));
    if (!document.preparation.empty()) plan.emplace_back("preparation", yaml::quoted(document.preparation));
    put_rows(plan, "units", document.units, unit_node);
    // The two sections that every plan has are there even when they are empty; the others are left out then.
    if (document.units.empty()) plan.emplace_back("units", yaml::flow_list({}));
    put_rows(plan, "tensors", document.tensors, tensor_node);
    if (document.tensors.empty()) plan.emplace_back("tensors", yaml::flow_list({}));
    put_rows(plan, "corrections", document.corrections, correction_node);
    put_rows(plan, "equalization", document.recipes.equalization, [](const EqualizedPair& pair) {
        return yaml::flow_map({{"first", yaml::quoted(pair.first)},
                               {"second", yaml::quoted(pair.second)},
                               {"factor", float_list(pair.factor)}});
    });
    put_rows(plan, "smoothing", document.recipes.smoothing, [](const SmoothedValue& value) {
        return yaml::flow_map({{"value", yaml::quoted(value.value)}, {"factor", float_list(value.factor)}});
    });
    if (document.codes) {
        std::vector<ConfigNode> units;
        for (const std::string& unit : document.codes->units) units.push_back(yaml::quoted(unit));
        plan.emplace_back("codes", yaml::map({{"file", yaml::quoted(document.codes->file)},
                                              {"hash", yaml::quoted(document.codes->hash)},
                                              {"units", yaml::flow_list(std::move(units))}}));
    }
    put_rows(
        plan, "kernels", document.kernels,
        [](const auto& choice) {
            return yaml::flow_map({{"node", yaml::quoted(choice.first)}, {"kernel", yaml::quoted(choice.second)}});
        },
        document.kernels_comment);
    return to_yaml(yaml::map(std::move(plan)));
}

}  // namespace halftone
