#include "eval/from_config.hpp"

#include <algorithm>

#include "base/machine.hpp"
#include "base/saturate.hpp"
#include "calib/observer.hpp"
#include "eval/open_shapes.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone {
namespace {

/// The preset and every other value that a rule names, in the order of the file, each once. `list` gives the values of
/// one rule.
template <class Number, class ListOf>
std::vector<Number> named_values(const QuantizationConfig& config, Number preset, const ListOf& list) {
    std::vector<Number> values{preset};
    const auto add = [&](const OpConstraint& constraint) {
        for (const auto value : list(constraint)) {
            const auto number = static_cast<Number>(value);
            if (std::find(values.begin(), values.end(), number) == values.end()) values.push_back(number);
        }
    };
    add(config.model_wise);
    for (const ConstraintRule& rule : config.optype_wise) add(rule.constraint);
    for (const ConstraintRule& rule : config.op_wise) add(rule.constraint);
    return values;
}

/// Whether a rule names what only weights by blocks have.
bool asks_for_blocks(const QuantizationConfig& config) {
    const auto asks = [](const OpConstraint& constraint) {
        const auto& dtypes = constraint.weight.dtype;
        return !constraint.weight.group_size.empty() || std::find(dtypes.begin(), dtypes.end(), "int4") != dtypes.end();
    };
    const auto rule_asks = [&](const ConstraintRule& rule) { return asks(rule.constraint); };
    return asks(config.model_wise) || std::any_of(config.optype_wise.begin(), config.optype_wise.end(), rule_asks) ||
           std::any_of(config.op_wise.begin(), config.op_wise.end(), rule_asks);
}

}  // namespace

QuantizationConfig resolve_auto(const QuantizationConfig& config, bool has_exact_int8) {
    QuantizationConfig resolved = config;
    // Machines without exact int8 products need weights of 6 bits; elsewhere all 7 bits are worth having.
    if (config.reduce_range == "auto") resolved.reduce_range = has_exact_int8 ? "off" : "on";
    // Several sizes would be a dimension of the search in which nothing changes.
    const bool uses_samples =
        !needs_no_calibration(config.approach) || !config.smooth_alphas.empty() || !config.data_algorithm().empty();
    if (!uses_samples) resolved.sampling_sizes.resize(1);
    return resolved;
}

const DataloaderConfig* calibration_data(const RunConfig& config) {
    if (config.quantization.calibration) return &*config.quantization.calibration;
    const bool can_do_without = needs_no_calibration(config.quantization.approach);
    return can_do_without && config.evaluation ? &config.evaluation->dataloader : nullptr;
}

QuantizationConfig limit_sampling_sizes(const QuantizationConfig& config, std::int64_t samples) {
    QuantizationConfig limited = config;
    limited.sampling_sizes.clear();
    for (const std::int64_t size : config.sampling_sizes) {
        const std::int64_t used = std::min(size, samples);
        const bool is_known = std::find(limited.sampling_sizes.begin(), limited.sampling_sizes.end(), used) !=
                              limited.sampling_sizes.end();
        // Two sizes above the number of samples would become the same one: a dimension of the search in which nothing
        // changes.
        if (used == size || !is_known) limited.sampling_sizes.push_back(used);
    }
    return limited;
}

QuantizationConfig resolve_auto(const QuantizationConfig& config) { return resolve_auto(config, has_exact_int8()); }

OfferedSettings offered_settings(const QuantizationConfig& config) {
    OfferedSettings settings;
    settings.offers_static = !needs_no_calibration(config.approach);
    settings.offers_dynamic = config.approach == kDynamicApproach || config.approach == kAutoApproach;
    settings.offers_weight_only =
        config.approach == kWeightOnlyApproach || (config.approach == kAutoApproach && asks_for_blocks(config));
    settings.activation_rules.clear();
    // More is offered than is searched: what a search takes without being asked is decided by the room space, and a
    // user's list may name any of these.
    settings.weight_algorithms = {Algorithm::minmax, Algorithm::mse, Algorithm::kl};
    settings.bits = named_values(
        config, kAllBits, [](const OpConstraint& c) -> auto& { return c.weight.bit; });
    settings.group_sizes = named_values(
        config, kDefaultGroupSize, [](const OpConstraint& c) -> auto& { return c.weight.group_size; });
    // They take runs of the samples, so a search tries them only where they are asked for.
    for (const Algorithm& algorithm : {kGptq, kAwq}) {
        if (config.names_weight_algorithm(algorithm.word())) settings.block_algorithms.push_back(algorithm);
    }
    const std::vector<float> percentiles = named_values(
        config, kDefaultPercentile, [](const OpConstraint& c) -> auto& { return c.activation.percentile; });
    for (const Algorithm algorithm : observer_algorithms()) {
        if (algorithm != Algorithm::percentile) {
            settings.activation_rules.push_back({algorithm});
            continue;
        }
        // The percentile algorithm is a rule of its own for each share that it may keep.
        for (const float percentile : percentiles) settings.activation_rules.push_back({algorithm, percentile});
    }
    return settings;
}

CapabilityTable capability_table(const PreparedModel& model, const QuantizationConfig& config) {
    OfferedSettings settings = offered_settings(config);
    // These recipes change the weights, so that the codes of the file are no longer theirs. Of several preparations one
    // may leave the model as it is; the others have no use for the option (space/search_space.cpp).
    const auto& preparations = config.preparations;
    const bool always_prepares = !preparations.empty() && std::find(preparations.begin(), preparations.end(),
                                                                    Preparation{}) == preparations.end();
    const bool changes_weights = config.cross_layer_equalization || !config.smooth_alphas.empty() || always_prepares;
    // Dynamic quantization alone is the wish for something else than what the file has.
    const bool keeps_given = settings.offers_static || settings.offers_weight_only;
    if (keeps_given && !changes_weights) settings.given = &model.given;
    return capabilities(model.graph, model.units, settings);
}

QuantizationConfig resolve_preparations(const QuantizationConfig& config, const PreparedModel& model) {
    QuantizationConfig resolved = config;
    if (!config.finds_preparations && config.preparations.empty()) return resolved;
    const bool can_equalize = !find_equalization(model.graph, model.units).empty();
    const bool can_smooth = !smoothable_values(model.graph, model.units).empty();
    const std::vector<Preparation> wanted =
        config.finds_preparations ? usual_preparations(can_equalize, can_smooth) : config.preparations;
    resolved.preparations.clear();
    for (Preparation each : wanted) {
        // A recipe that finds nothing to do is taken out, and preparations that become equal by that are kept once.
        each.equalizes = each.equalizes && can_equalize;
        if (!can_smooth) each.smooth_alpha.reset();
        // Dynamic quantization may do without data; what needs them is then none of the search's choices.
        if (config.finds_preparations && !config.calibration && needs_data(each)) continue;
        const auto& known = resolved.preparations;
        if (std::find(known.begin(), known.end(), each) == known.end()) resolved.preparations.push_back(each);
    }
    return resolved;
}

RecipeRequest recipe_request(const QuantizationConfig& config) {
    return {.equalizes = config.cross_layer_equalization, .smooths = !config.smooth_alphas.empty()};
}

InputSizes input_sizes(const RunConfig& config, const Pipeline* calibration, const Pipeline* evaluation) {
    InputSizes sizes;
    sizes.shapes = config.input_shapes;
    const Pipeline* data = calibration != nullptr ? calibration : evaluation;
    if (data == nullptr) return sizes;
    sizes.sample = data->schema().inputs;
    const auto fill_open_sizes = [&](const std::vector<Field>& others) {
        for (std::size_t i = 0; i < std::min(others.size(), sizes.sample.size()); ++i) {
            Shape& shape = sizes.sample[i].type.shape;
            const Shape& other = others[i].type.shape;
            if (other.rank() != shape.rank()) continue;
            for (std::size_t d = 0; d < shape.rank(); ++d) {
                if (shape[d] == kSymbolic) shape[d] = other[d];
            }
        }
    };
    // LPOT's files often resize the pictures of one section only; what the other one says is better than nothing.
    if (evaluation != nullptr) fill_open_sizes(evaluation->schema().inputs);
    if (has_open_sizes(sizes.sample)) fill_open_sizes(typical_inputs(*data));
    return sizes;
}

EvaluationSetup evaluation_setup(const RunConfig& config) {
    EvaluationSetup setup;
    if (config.evaluation) {
        // LPOT's dummy_v2 never ends; without a number it takes ten batches.
        constexpr std::int64_t kDummyBatches = 10;
        const bool is_endless = config.evaluation->dataloader.dataset.name == "dummy_v2";
        std::int64_t iteration = config.evaluation->iteration;
        if (iteration < 0 && is_endless) iteration = kDummyBatches;
        // The dataloader's iteration counts its own batches, although they never reach a kernel. Both are any numbers
        // that a user wrote. More than any data set has means all of it.
        if (iteration >= 0) setup.samples = saturating_product(iteration, config.evaluation->dataloader.batch_size);
    }
    const QuantizationConfig& quantization = config.quantization;
    setup.treatment.corrects_weights = quantization.weight_correction;
    setup.treatment.verifies_range = quantization.reduce_range == "verify";
    if (quantization.bias_correction) setup.bias_correction = BiasCorrection::sequential;
    if (quantization.fast_bias_correction) setup.bias_correction = BiasCorrection::fast;
    setup.shards = config.tuning.shards;
    setup.batch = config.tuning.batch_size;
    setup.cache_bytes = static_cast<std::size_t>(config.tuning.sample_memory_mb) << 20U;
    // A launcher that binds each rank to one core leaves none for reading.
    setup.reads_ahead = usable_cores() > config.tuning.threads;
    setup.prefix_bytes = static_cast<std::size_t>(config.tuning.prefix_memory_mb) << 20U;
    return setup;
}

}  // namespace halftone
