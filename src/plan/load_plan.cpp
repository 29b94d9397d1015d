// A parsed plan against its model: what parse_plan could not check without the model is checked here.
//
//   load             the order: the model's hash, recipes, units, tensors, corrections, and then what is missing
//   load_units ...   each section by names; a name that the model does not have is refused at its line
//   derive_blocks    scales of weights by blocks, which no plan file lists; or their codes, from the file beside it
//   check_complete   every tensor and weight that the plan quantizes has its numbers
//
// The recipes come before the units, because equalization and smoothing change the graph that the numbers belong to.
#include "plan/load_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "exec/weight_params.hpp"
#include "graph/raise_opset.hpp"
#include "graph/unit.hpp"
#include "space/quant_plan.hpp"
#include "tensor/affine.hpp"
#include "tensor/block_affine.hpp"

namespace halftone {
namespace {

class PlanLoader {
public:
    PlanLoader(const ParsedPlan& parsed, PreparedModel& model, const CodesByUnit& codes)
        : document_(parsed.document), places_(parsed.places), model_(model), codes_(codes) {}

    LoadedPlan load() {
        const std::string hash = hex16(model_.hash);
        if (document_.model != hash) {
            throw ConfigError(
                fmt::format("{} is not the hash of this model, {}, got '{}'", places_.model, hash, document_.model));
        }
        apply_recipes(model_, document_.recipes);
        load_units();
        load_tensors();
        load_corrections();
        loaded_.kernels = document_.kernels;
        for (std::size_t u = 0; u < model_.units.size(); ++u) derive_blocks(u);
        check_complete();
        return std::move(loaded_);
    }

private:
    void load_units() {
        // By name, not by position: the file may be edited, and its order says nothing.
        loaded_.plan.units.assign(model_.units.size(), high_precision(DType::f32));
        std::vector<bool> is_known(model_.units.size(), false);
        for (std::size_t i = 0; i < document_.units.size(); ++i) {
            const std::size_t unit = index_of(document_.units[i].name, places_.units[i]);
            if (is_known[unit]) throw ConfigError(places_.units[i] + " names a unit for the second time");
            is_known[unit] = true;
            loaded_.plan.units[unit] = document_.units[i].config;
        }
        const auto missing = std::find(is_known.begin(), is_known.end(), false);
        if (missing == is_known.end()) return;
        const Unit& unit = model_.units[static_cast<std::size_t>(missing - is_known.begin())];
        throw ConfigError(places_.file + ": units: '" + unit.name + "' of the model is missing");
    }

    [[nodiscard]] std::size_t index_of(const std::string& name, const std::string& place) const {
        for (std::size_t u = 0; u < model_.units.size(); ++u) {
            if (model_.units[u].name == name) return u;
        }
        throw ConfigError(place + " names '" + name + "', which is no unit of the model");
    }

    void load_tensors() {
        for (std::size_t i = 0; i < document_.tensors.size(); ++i) {
            const QuantizedTensor& tensor = document_.tensors[i];
            if (tensor.params.dtype == DType::s32) continue;  // a bias follows from its unit's input and weight
            if (tensor.params.has_blocks()) continue;         // weights by blocks: derive_blocks
            if (tensor.unit.empty()) {
                loaded_.numbers.activations.emplace(tensor.name, tensor.params);
            } else {
                const std::size_t unit = index_of(tensor.unit, places_.tensors[i]);
                loaded_.numbers.units[model_.units[unit].name].weight = tensor.params;
            }
        }
    }

    void load_corrections() {
        for (std::size_t i = 0; i < document_.corrections.size(); ++i) {
            const PlanCorrection& correction = document_.corrections[i];
            const Unit& unit = model_.units[index_of(correction.unit, places_.corrections[i])];
            const auto fits = [&](const std::vector<float>& values) {
                return values.empty() || static_cast<std::int64_t>(values.size()) == channels(unit);
            };
            if (!fits(correction.weight_factor) || !fits(correction.weight_shift) || !fits(correction.bias_shift) ||
                correction.weight_factor.size() != correction.weight_shift.size()) {
                throw ConfigError(fmt::format("{} must have {} numbers, one for each output channel",
                                              places_.corrections[i], channels(unit)));
            }
            UnitNumbers& numbers = loaded_.numbers.units[unit.name];
            numbers.weight_factor = correction.weight_factor;
            numbers.weight_shift = correction.weight_shift;
            numbers.bias_shift = correction.bias_shift;
        }
    }

    [[nodiscard]] std::int64_t channels(const Unit& unit) const {
        const Shape& shape = model_.graph.value(unit.weight).constant.shape();
        return shape[static_cast<std::size_t>(unit.weight_channel_axis)];
    }

    /// The scales of weights by blocks follow from the weights, which the recipes have prepared by now, or are those of
    /// the model's file.
    void derive_blocks(std::size_t u) {
        const UnitConfig& config = loaded_.plan.units[u];
        if (!config.is_weight_only()) return;
        const Unit& unit = model_.units[u];
        std::string why = why_not_weight_only(model_.graph, unit);
        if (why.empty()) why = why_not_opset(model_.graph, kBlockedOpset);
        if (config.reads_codes()) why = "weights by blocks are for real activations";
        const auto given = model_.given.units.find(unit.name);
        const bool has_given = given != model_.given.units.end() && given->second.is_weight_only();
        if (is_given(config) && !has_given) why = "the model's file gives no weight by blocks";
        const bool is_stored = config.weight.algorithm == kGptq;
        if (is_stored && why.empty()) why = why_not_these_codes(unit, config.weight);
        if (!why.empty()) throw ConfigError(places_.file + ": units: '" + unit.name + "': " + why);
        if (is_given(config)) {
            loaded_.numbers.units[unit.name].weight = given->second.weight;
            return;
        }
        if (is_stored) {
            // Their scales come from the file, too: GPTQ chooses them by what earlier channels have left.
            load_codes(unit, config.weight);
            return;
        }
        loaded_.numbers.units[unit.name].weight =
            choose_weight_params(model_.graph.value(unit.weight).constant, config.weight, unit.weight_channel_axis);
    }

    /// The parameters of a weight by blocks whose codes stand beside the plan, as far as the unit says them.
    [[nodiscard]] static QuantParams stored_params(const Unit& unit, const WeightConfig& weight,
                                                   const BlockCodes& stored) {
        QuantParams params = stored.params;
        params.dtype = stored_dtype(weight);
        params.axis = 1 - unit.weight_channel_axis;
        params.block_size = weight.group_size;
        return params;
    }

    /// Why the file beside the plan does not have the codes of this unit; empty if it has. Whatever stands in the file
    /// is a stranger's.
    [[nodiscard]] std::string why_not_these_codes(const Unit& unit, const WeightConfig& weight) const {
        const auto found = codes_.find(unit.name);
        if (found == codes_.end()) {
            return "the codes of gptq come from calibration data, and the plan has none for it (codes)";
        }
        const BlockCodes& stored = found->second;
        const QuantParams params = stored_params(unit, weight, stored);
        const Shape& shape = model_.graph.value(unit.weight).constant.shape();
        if (stored.codes.shape() != shape) return "its codes do not have the shape of its weight, " + shape.to_text();
        const bool is_unsigned = params.dtype == DType::u4 || params.dtype == DType::u8;
        if (stored.codes.dtype() != (is_unsigned ? DType::u8 : DType::s8)) return "its codes have another type";
        const auto scales =
            static_cast<std::size_t>(block_scale_shape(shape, params.axis, params.block_size).elements());
        if (params.scale.size() != scales || params.zero_point.size() != scales) {
            return fmt::format("its codes must have {} scales, one for each block", scales);
        }
        const auto is_good = [](float scale) { return std::isfinite(scale) && scale > 0; };
        if (!std::all_of(params.scale.begin(), params.scale.end(), is_good)) return "a scale of its codes is not > 0";
        const CodeRange range = code_range(params.dtype);
        const auto is_code = [&](std::int32_t code) { return code >= range.low && code <= range.high; };
        const bool are_codes =
            is_unsigned
                ? std::all_of(stored.codes.as<std::uint8_t>().begin(), stored.codes.as<std::uint8_t>().end(), is_code)
                : std::all_of(stored.codes.as<std::int8_t>().begin(), stored.codes.as<std::int8_t>().end(), is_code);
        if (!are_codes || !std::all_of(params.zero_point.begin(), params.zero_point.end(), is_code)) {
            return fmt::format("its codes or zero points are not from {} to {}", range.low, range.high);
        }
        return "";
    }

    void load_codes(const Unit& unit, const WeightConfig& weight) {
        const BlockCodes& stored = codes_.at(unit.name);
        UnitNumbers& numbers = loaded_.numbers.units[unit.name];
        numbers.weight = stored_params(unit, weight, stored);
        numbers.codes = Tensor({numbers.weight.dtype, stored.codes.shape()});
        std::copy_n(stored.codes.view().data, stored.codes.bytes(), numbers.codes.mutable_view().data);
    }

    /// The file lists which tensors are quantized, but the units decide it. So the list is compared with what follows
    /// from the units.
    void check_complete() {
        // As the space makes it, so that a plan quantizes the same tensors as the candidate that it came from.
        const PlanTopology topology(model_.graph, model_.units);
        loaded_.plan.tensors = topology.tensors(loaded_.plan.units);
        for (const TensorPlan& tensor : loaded_.plan.tensors) {
            const auto known = loaded_.numbers.activations.find(tensor.name);
            if (known == loaded_.numbers.activations.end() || !known->second.is_per_tensor()) {
                throw ConfigError(places_.file + ": tensors: '" + tensor.name + "' must be there, with one scale");
            }
        }
        for (std::size_t u = 0; u < model_.units.size(); ++u) {
            check_dynamic(u);
            if (!loaded_.plan.units[u].reads_codes() || has_weight(model_.units[u])) continue;
            throw ConfigError(places_.file + ": tensors: the weight of unit '" + model_.units[u].name +
                              "' must be there as int8, with one scale or one for each output channel");
        }
    }

    /// What a unit quantized at run time must be: the file's words could ask for more than such a unit has.
    void check_dynamic(std::size_t u) const {
        const UnitConfig& config = loaded_.plan.units[u];
        if (!config.is_dynamic()) return;
        std::string why = why_not_dynamic(model_.graph, model_.units[u]);
        if (config.activation.dtype != DType::u8) why = "dynamic quantization has uint8 activations only";
        if (why.empty()) return;
        throw ConfigError(places_.file + ": units: '" + model_.units[u].name + "': " + why);
    }

    /// One scale, or one for each output channel along the right axis: another number of scales would be read beyond
    /// its end when the weight is quantized.
    [[nodiscard]] bool has_weight(const Unit& unit) const {
        const auto known = loaded_.numbers.units.find(unit.name);
        if (known == loaded_.numbers.units.end()) return false;
        const QuantParams& weight = known->second.weight;
        const bool is_per_channel =
            static_cast<std::int64_t>(weight.scale.size()) == channels(unit) && weight.axis == unit.weight_channel_axis;
        return weight.dtype == DType::s8 && (weight.is_per_tensor() || is_per_channel);
    }

    const PlanDocument& document_;
    const PlanPlaces& places_;
    PreparedModel& model_;
    const CodesByUnit& codes_;
    LoadedPlan loaded_;
};

}  // namespace

LoadedPlan load_plan(const ParsedPlan& parsed, PreparedModel& model, const CodesByUnit& codes) {
    return PlanLoader(parsed, model, codes).load();
}

}  // namespace halftone
