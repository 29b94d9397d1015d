#include "plan_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/text.hpp"
#include "calib/observer.hpp"
#include "config/reader.hpp"
#include "space/quant_plan.hpp"
#include "tensor/affine.hpp"

namespace halftone::app {
namespace {

constexpr std::int64_t kFormat = 1;

std::string floats_text(const std::vector<float>& values) {
    return flow_list(values, [](float value) { return float_text(value); });
}

/// Items of a list; an absent key is an empty one.
const std::vector<ConfigNode>& items_of(Reader& reader, std::string_view key) {
    static const std::vector<ConfigNode> none;
    const ConfigNode* node = reader.child(key);
    if (node == nullptr || node->is_empty()) return none;
    if (node->kind != ConfigNode::Kind::list) fail_at(*node, "must be a list");
    return node->items;
}

std::vector<float> floats(Reader& reader, std::string_view key) {
    std::vector<float> values;
    for (const double value : reader.numbers(key, {})) values.push_back(static_cast<float>(value));
    const auto is_finite = [](float value) { return std::isfinite(value); };
    if (!std::all_of(values.begin(), values.end(), is_finite)) reader.fail(key, "must be finite numbers");
    return values;
}

ActivationConfig read_activation(const ConfigNode& node) {
    Reader reader(node);
    ActivationConfig config;
    config.dtype = reader.word("dtype", kDTypeNames, DType::f32);
    config.scheme = reader.word("scheme", kSchemeNames, config.scheme);
    config.granularity = reader.word("granularity", kGranularityNames, config.granularity);
    config.algorithm = reader.word("algorithm", kAlgorithmWords, config.algorithm);
    config.percentile = static_cast<float>(reader.number("percentile", 0));
    reader.finish();
    return config;
}

WeightConfig read_weight(const ConfigNode& node) {
    Reader reader(node);
    WeightConfig config;
    config.dtype = reader.word("dtype", kDTypeNames, DType::f32);
    config.scheme = reader.word("scheme", kSchemeNames, config.scheme);
    config.granularity = reader.word("granularity", kGranularityNames, config.granularity);
    config.algorithm = reader.word("algorithm", kAlgorithmWords, config.algorithm);
    config.bit = static_cast<float>(reader.number("bit", static_cast<double>(kAllBits)));
    reader.finish();
    return config;
}

class PlanReader {
public:
    PlanReader(const ConfigNode& root, PreparedModel& model) : root_(root), model_(model) {}

    LoadedPlan run() {
        Reader reader(root_);
        if (reader.integer("format", kFormat, 0) != kFormat) reader.fail("format", "must be 1");
        const std::string hash = reader.required_text("model");
        if (hash != hex16(model_.hash)) {
            reader.fail("model", "is not the hash of this model, " + hex16(model_.hash));
        }
        for (const std::string_view other :
             {"trial", "accuracy", "baseline", "evidence", "goal", "isa", "calibration_samples"}) {
            (void)reader.child(other);  // about the search, not the model
        }
        read_equalization(reader);
        read_smoothing(reader);
        read_units(reader);
        read_tensors(reader);
        read_corrections(reader);
        read_kernels(reader);
        reader.finish();
        check();
        return std::move(loaded_);
    }

private:
    void read_equalization(Reader& reader) {
        std::vector<EqualizedPair> pairs;
        for (const ConfigNode& item : items_of(reader, "equalization")) {
            Reader row(item);
            EqualizedPair pair;
            pair.first = row.required_text("first");
            pair.second = row.required_text("second");
            pair.factor = floats(row, "factor");
            row.finish();
            pairs.push_back(std::move(pair));
        }
        if (pairs.empty()) return;
        model_.graph = equalize(model_.graph, model_.units, pairs);
        model_.units = find_units(model_.graph);
    }

    void read_smoothing(Reader& reader) {
        std::vector<SmoothedValue> values;
        for (const ConfigNode& item : items_of(reader, "smoothing")) {
            Reader row(item);
            values.push_back({row.required_text("value"), floats(row, "factor")});
            row.finish();
        }
        if (values.empty()) return;
        model_.graph = prepare_smoothing(model_.graph, model_.units);
        model_.units = find_units(model_.graph);
        model_.graph = smooth(model_.graph, model_.units, values);
        model_.units = find_units(model_.graph);
    }

    void read_units(Reader& reader) {
        loaded_.plan.units.assign(model_.units.size(), high_precision(DType::f32));
        std::vector<bool> is_known(model_.units.size(), false);
        for (const ConfigNode& item : items_of(reader, "units")) {
            Reader row(item);
            const std::size_t unit = unit_named(row.required_text("name"), item);
            if (is_known[unit]) fail_at(item, "names a unit for the second time");
            is_known[unit] = true;
            for (const std::string_view other : {"op", "nodes", "output", "accelerated", "why"}) (void)row.child(other);
            const ConfigNode* activation = row.child("activation");
            const ConfigNode* weight = row.child("weight");
            if (activation == nullptr || weight == nullptr) fail_at(item, "needs activation and weight");
            loaded_.plan.units[unit] = {read_activation(*activation), read_weight(*weight)};
            row.finish();
        }
        const auto missing = std::find(is_known.begin(), is_known.end(), false);
        if (missing == is_known.end()) return;
        const Unit& unit = model_.units[static_cast<std::size_t>(missing - is_known.begin())];
        throw ConfigError(root_.mark.to_text() + ": units: '" + unit.name + "' of the model is missing");
    }

    [[nodiscard]] std::size_t unit_named(const std::string& name, const ConfigNode& place) const {
        for (std::size_t u = 0; u < model_.units.size(); ++u) {
            if (model_.units[u].name == name) return u;
        }
        fail_at(place, "names '" + name + "', which is no unit of the model");
    }

    void read_tensors(Reader& reader) {
        for (const ConfigNode& item : items_of(reader, "tensors")) {
            Reader row(item);
            const std::string name = row.required_text("name");
            const std::string unit = row.text("unit", "");
            QuantParams params;
            params.dtype = row.word("dtype", kDTypeNames, DType::f32);
            params.scale = floats(row, "scale");
            params.zero_point.clear();
            for (const std::int64_t zero_point : row.integers("zero_point", {})) {
                params.zero_point.push_back(static_cast<std::int32_t>(zero_point));
            }
            params.axis = row.integer("axis", 0, 0);
            row.finish();
            if (params.dtype == DType::s32) continue;  // a bias: its scale is the product of two others
            check_params(item, params);
            if (unit.empty()) {
                loaded_.numbers.activations.emplace(name, std::move(params));
            } else {
                loaded_.numbers.units[model_.units[unit_named(unit, item)].name].weight = std::move(params);
            }
        }
    }

    static void check_params(const ConfigNode& item, const QuantParams& params) {
        if (params.dtype != DType::u8 && params.dtype != DType::s8)
            fail_at(item, "must have dtype uint8, int8 or int32");
        const auto is_good = [](float scale) { return scale > 0; };
        if (params.scale.empty() || !std::all_of(params.scale.begin(), params.scale.end(), is_good)) {
            fail_at(item, "must have scales > 0");
        }
        if (params.zero_point.size() != params.scale.size()) fail_at(item, "must have a zero point for each scale");
        const CodeRange range = code_range(params.dtype);
        for (const std::int32_t zero_point : params.zero_point) {
            if (zero_point < range.low || zero_point > range.high) fail_at(item, "has a zero point that is no code");
        }
    }

    void read_corrections(Reader& reader) {
        for (const ConfigNode& item : items_of(reader, "corrections")) {
            Reader row(item);
            const std::size_t unit = unit_named(row.required_text("unit"), item);
            UnitNumbers& numbers = loaded_.numbers.units[model_.units[unit].name];
            numbers.weight_factor = floats(row, "weight_factor");
            numbers.weight_shift = floats(row, "weight_shift");
            numbers.bias_shift = floats(row, "bias_shift");
            row.finish();
            const auto fits = [&](const std::vector<float>& values) {
                return values.empty() || static_cast<std::int64_t>(values.size()) == channels(model_.units[unit]);
            };
            if (!fits(numbers.weight_factor) || !fits(numbers.weight_shift) || !fits(numbers.bias_shift) ||
                numbers.weight_factor.size() != numbers.weight_shift.size()) {
                fail_at(item,
                        fmt::format("must have {} numbers, one for each output channel", channels(model_.units[unit])));
            }
        }
    }

    void read_kernels(Reader& reader) {
        for (const ConfigNode& item : items_of(reader, "kernels")) {
            Reader row(item);
            const std::string node = row.required_text("node");
            const std::string kernel = row.required_text("kernel");
            row.finish();
            if (!is_kernel_name(kernel)) fail_at(item, "must have a kernel native, dnnl or dnnl/NAME");
            if (node.find('\n') != std::string::npos) fail_at(item, "has a node name with a line break");
            if (!loaded_.kernels.emplace(node, kernel).second) fail_at(item, "names a node for the second time");
        }
    }

    [[nodiscard]] std::int64_t channels(const Unit& unit) const {
        const Shape& shape = model_.graph.value(unit.weight).constant.shape();
        return shape[static_cast<std::size_t>(unit.weight_channel_axis)];
    }

    /// Every tensor that the plan quantizes has its numbers.
    void check() {
        const PlanTopology topology(model_.graph, model_.units);
        loaded_.plan.tensors = topology.tensors(loaded_.plan.units);
        for (const TensorPlan& tensor : loaded_.plan.tensors) {
            const auto known = loaded_.numbers.activations.find(tensor.name);
            if (known == loaded_.numbers.activations.end() || !known->second.is_per_tensor()) {
                throw ConfigError(root_.mark.to_text() + ": tensors: '" + tensor.name +
                                  "' must be there, with one scale");
            }
        }
        for (std::size_t u = 0; u < model_.units.size(); ++u) {
            if (!loaded_.plan.units[u].is_quantized()) continue;
            const Unit& unit = model_.units[u];
            const auto known = loaded_.numbers.units.find(unit.name);
            const auto slices = [&](const QuantParams& params) {
                return static_cast<std::int64_t>(params.scale.size());
            };
            const bool fits =
                known != loaded_.numbers.units.end() && known->second.weight.dtype == DType::s8 &&
                (known->second.weight.is_per_tensor() || (slices(known->second.weight) == channels(unit) &&
                                                          known->second.weight.axis == unit.weight_channel_axis));
            if (fits) continue;
            throw ConfigError(root_.mark.to_text() + ": tensors: the weight of unit '" + unit.name +
                              "' must be there as int8, with one scale or one for each output channel");
        }
    }

    const ConfigNode& root_;
    PreparedModel& model_;
    LoadedPlan loaded_;
};

std::string corrections_text(const PlanNumbers& numbers) {
    std::string rows;
    for (const auto& [unit, own] : numbers.units) {
        if (own.weight_factor.empty() && own.bias_shift.empty()) continue;
        rows += fmt::format("- {{unit: {}", quoted(unit));
        if (!own.weight_factor.empty()) {
            rows += fmt::format(", weight_factor: {}, weight_shift: {}", floats_text(own.weight_factor),
                                floats_text(own.weight_shift));
        }
        if (!own.bias_shift.empty()) rows += fmt::format(", bias_shift: {}", floats_text(own.bias_shift));
        rows += "}\n";
    }
    return rows.empty() ? "" : "corrections:\n" + rows;
}

}  // namespace

LoadedPlan load_plan(const std::string& path, PreparedModel& model) {
    const auto files = make_posix_file_system();
    if (!files->exists(path)) throw ConfigError(path + ": no such plan file");
    const ConfigNode root = parse_yaml(files->read(path), path);
    return PlanReader(root, model).run();
}

std::string with_kernels_text(const std::string& plan, const KernelChoices& kernels, const std::string& measured) {
    std::string text;
    bool is_within = false;
    std::istringstream lines(plan);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("kernels:"))
            is_within = true;
        else if (is_within && !line.empty() && line[0] != ' ' && line[0] != '-')
            is_within = false;
        if (!is_within) text += line + "\n";
    }
    if (kernels.empty()) return text;
    text += "kernels:  # " + measured + "\n";
    for (const auto& [node, kernel] : kernels) {
        text += fmt::format("- {{node: {}, kernel: {}}}\n", quoted(node), quoted(kernel));
    }
    return text;
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out + "\"";
}

std::string activation_text(const ActivationConfig& a) {
    if (a.dtype != DType::u8 && a.dtype != DType::s8) return fmt::format("{{dtype: {}}}", to_string(a.dtype));
    const std::string percentile =
        a.algorithm == Algorithm::percentile ? ", percentile: " + float_text(a.percentile) : "";
    return fmt::format("{{dtype: {}, scheme: {}, granularity: {}, algorithm: {}{}}}", to_string(a.dtype),
                       kSchemeNames.name(a.scheme), kGranularityNames.name(a.granularity),
                       a.algorithm.word(), percentile);
}

std::string weight_text(const UnitConfig& unit) {
    const WeightConfig& w = unit.weight;
    if (!unit.is_quantized()) return fmt::format("{{dtype: {}}}", to_string(w.dtype));
    const std::string bits = w.bit == kAllBits ? "" : ", bit: " + float_text(w.bit);
    return fmt::format("{{dtype: {}, scheme: {}, granularity: {}, algorithm: {}{}}}", to_string(w.dtype),
                       kSchemeNames.name(w.scheme), kGranularityNames.name(w.granularity),
                       w.algorithm.word(), bits);
}

std::string numbers_text(const QuantizedModel& model, const PlanNumbers& numbers,
                         const std::vector<EqualizedPair>& equalized, const std::vector<SmoothedValue>& smoothed) {
    std::string out = model.tensors.empty() ? "tensors: []\n" : "tensors:\n";
    for (const QuantizedTensor& tensor : model.tensors) {
        const QuantParams& p = tensor.params;
        out +=
            fmt::format("- {{name: {}{}, dtype: {}, scale: {}, zero_point: {}{}}}\n", quoted(tensor.name),
                        tensor.unit.empty() ? "" : ", unit: " + quoted(tensor.unit), to_string(p.dtype),
                        floats_text(p.scale), flow_list(p.zero_point, [](std::int32_t v) { return std::to_string(v); }),
                        p.is_per_tensor() ? "" : fmt::format(", axis: {}", p.axis));
    }
    out += corrections_text(numbers);
    if (!equalized.empty()) out += "equalization:\n";
    for (const EqualizedPair& pair : equalized) {
        out += fmt::format("- {{first: {}, second: {}, factor: {}}}\n", quoted(pair.first), quoted(pair.second),
                           floats_text(pair.factor));
    }
    if (!smoothed.empty()) out += "smoothing:\n";
    for (const SmoothedValue& value : smoothed) {
        out += fmt::format("- {{value: {}, factor: {}}}\n", quoted(value.value), floats_text(value.factor));
    }
    return out;
}

}  // namespace halftone::app
