// Rows of study.h5's larger tables. Each class collects its columns row by row with add() and hands them over, with
// their descriptions, in columns().
//
//   OptionRows        /options: what a unit can be, from study.json
//   TrialRows         /trials: a row for each finished trial; dtype_of() finds what a trial made of a unit
//   MetricRows        /metrics: a row for each metric of each trial
//   SensitivityRows   /sensitivity: a row for each value that a probe compared
//   delivered_units, delivered_tensors   /delivered: read from best.yaml, which may be of another version or edited:
//                     what is missing there becomes an empty text or NaN, and nothing throws
//
// The order of the columns and their descriptions are part of the file format: src/dump/README.md.
#include "study/study_rows.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.hpp"
#include "metric/metric.hpp"
#include "study/distances.hpp"

namespace halftone::study {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

/// Returns the scalar under `key`, or an empty text where there is none.
std::string text_at(const ConfigNode& node, std::string_view key) {
    const ConfigNode* found = node.find(key);
    return found != nullptr && found->kind == ConfigNode::Kind::scalar ? found->scalar : "";
}

/// Returns the scalar under `inner` in the map under `key`, or an empty text where either is missing.
std::string text_at(const ConfigNode& node, std::string_view key, std::string_view inner) {
    const ConfigNode* found = node.find(key);
    return found != nullptr && found->kind == ConfigNode::Kind::map ? text_at(*found, inner) : "";
}

/// Returns the list under `key`, or an empty list where there is none.
const std::vector<ConfigNode>& items_at(const ConfigNode& node, std::string_view key) {
    static const std::vector<ConfigNode> none;
    const ConfigNode* found = node.find(key);
    return found != nullptr && found->kind == ConfigNode::Kind::list ? found->items : none;
}

/// Returns NaN for a text that is no number.
double number_of(const std::string& text) {
    double value = kNoNumber;
    // from_chars leaves the value alone where it fails. It knows no locale, which strtod would follow.
    (void)std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// One word for an option: the dtype of its activations, or of its weights where those alone are codes.
std::string word_of_option(const OptionFacts& option) {
    return option.weight_group_size > 0 ? option.weight_dtype + " weights" : option.activation_dtype;
}

}  // namespace

std::string dtype_of(const StudySource& source, const journal::CandidateOptions& choice,
                     const std::vector<journal::Change>& changed, std::size_t unit) {
    // Best first: the option that the trial recorded; then the journal's list of units that fell back to high
    // precision; then the unit's first option, which is its quantized one where it has any.
    if (const OptionFacts* option = source.option(choice, unit)) return word_of_option(*option);
    for (const journal::Change& change : changed) {
        if (change.unit == source.units[unit].name) return change.to;
    }
    const auto& options = source.units[unit].options;
    return options.empty() ? "unknown" : word_of_option(options.front());
}

void OptionRows::add(std::size_t unit, std::size_t number, const OptionFacts& option) {
    unit_.push_back(static_cast<std::int64_t>(unit));
    option_.push_back(static_cast<std::int64_t>(number));
    // In the order of texts_ and of the columns below.
    const std::string* const words[] = {&option.activation_dtype,       &option.activation_scheme,
                                        &option.activation_granularity, &option.activation_algorithm,
                                        &option.weight_dtype,           &option.weight_scheme,
                                        &option.weight_granularity,     &option.weight_algorithm};
    for (std::size_t i = 0; i < std::size(texts_); ++i) texts_[i].push_back(*words[i]);
    bit_.push_back(option.weight_bit);
    group_size_.push_back(option.weight_group_size);
    bytes_.push_back(option.weight_bytes);
}

std::vector<H5Column> OptionRows::columns() const {
    return {{"unit", "unit number", "1", unit_},
            {"option", "option number", "1", option_},
            {"activation_dtype", "of the activations that the unit reads", "", texts_[0]},
            {"activation_scheme", "asym or sym; empty: not quantized", "", texts_[1]},
            {"activation_granularity", "per_tensor or per_channel", "", texts_[2]},
            {"activation_algorithm", "how the range is chosen", "", texts_[3]},
            {"weight_dtype", "of the weight", "", texts_[4]},
            {"weight_scheme", "asym or sym", "", texts_[5]},
            {"weight_granularity", "per_tensor or per_channel", "", texts_[6]},
            {"weight_algorithm", "how the range is chosen", "", texts_[7]},
            {"weight_bit", "bits of a code's magnitude; 0: not quantized", "bit", bit_},
            {"weight_group_size", "weights that share a scale; 0: not stored by blocks", "1", group_size_},
            {"weight_bytes", "of the weight in the exported file, with scales and zero points", "byte", bytes_}};
}

void TrialRows::add(const journal::Trial& trial) {
    // A trial that had ended early and was completed later has two results: the bounds are those of the first, the
    // accuracy is that of the second.
    const journal::TrialResult& result = source_.result(trial);
    const Score& score = result.score;
    const auto& bounds = trial.result.score.bounds;
    const bool has_score = result.failure.empty() && !score.bounds;
    trial_.push_back(trial.trial);
    candidate_.push_back(trial.candidate);
    stage_.push_back(trial.stage);
    verdict_.push_back(trial.verdict);
    failure_.push_back(result.failure);
    accuracy_.push_back(has_score ? score.accuracy : kNoNumber);
    const Interval ci =
        has_score && score.correct ? wilson95(*score.correct, score.samples) : Interval{kNoNumber, kNoNumber};
    low95_.push_back(ci.low);
    high95_.push_back(ci.high);
    loss_.push_back(has_score && score.loss ? score.loss->value : kNoNumber);
    const AccuracyBounds loss95 =
        has_score && score.loss && score.loss->ci95 ? *score.loss->ci95 : AccuracyBounds{kNoNumber, kNoNumber};
    loss_low_.push_back(loss95.low);
    loss_high_.push_back(loss95.high);
    bound_low_.push_back(bounds ? bounds->low : kNoNumber);
    bound_high_.push_back(bounds ? bounds->high : kNoNumber);
    correct_.push_back(score.correct.value_or(-1));
    samples_.push_back(score.samples);
    sample_units_.push_back(score.sample_units);
    wall_.push_back(result.wall_s);
    latency_.push_back(trial.latency_ms.value_or(kNoNumber));
    elapsed_.push_back(trial.elapsed_ms);
    worker_.push_back(result.worker);
    delivered_.push_back(trial.trial == source_.delivered() ? 1 : 0);
    std::int64_t bytes = 0;
    std::int64_t high = 0;
    for (std::size_t u = 0; u < source_.units.size(); ++u) {
        const OptionFacts* option = source_.option(trial.options, u);
        // One unknown unit makes the sum unknown: a sum of the others would look like a small model.
        bytes = option == nullptr || bytes < 0 ? -1 : bytes + option->weight_bytes;
        const std::string dtype = dtype_of(source_, trial.options, trial.changed, u);
        high += dtype == "fp32" || dtype == "bf16" ? 1 : 0;
    }
    bytes_.push_back(bytes);
    high_.push_back(high);
    // An empty list of options means that nothing was recorded; the index is then 0 and means nothing.
    const auto index = static_cast<std::size_t>(trial.options.calibration);
    const bool is_known = !trial.options.by_unit.empty() && index < source_.calibration_sizes.size();
    calibration_.push_back(is_known ? source_.calibration_sizes[index] : -1);
}

std::vector<H5Column> TrialRows::columns() const {
    return {{"trial", "trial number", "1", trial_},
            {"candidate", "hash of the plan", "", candidate_},
            {"stage", "stage of the strategy", "", stage_},
            {"accuracy", "NaN: failed, or ended early and never completed", "1", accuracy_},
            {"low95", "lower end of the accuracy's 95 % interval (Wilson); NaN where the metric counts nothing", "1",
             low95_},
            {"high95", "upper end", "1", high95_},
            {"loss", "against fp32, in units of the accuracy; positive is worse; NaN: not recorded", "1", loss_},
            {"loss_low95", "lower end of the loss's 95 % interval, paired by sample; NaN where there is none", "1",
             loss_low_},
            {"loss_high95", "upper end", "1", loss_high_},
            {"bound_low", "ended early: least accuracy that the unseen samples leave; NaN: not ended early", "1",
             bound_low_},
            {"bound_high", "ended early: largest accuracy", "1", bound_high_},
            {"correct", "right samples, -1 where the metric counts nothing", "1", correct_},
            {"samples", "samples evaluated", "1", samples_},
            {"sample_units", "samples times units that were executed", "1", sample_units_},
            {"bytes", "of all units' weights in the exported file, with scales and zero points; -1 = not recorded",
             "byte", bytes_},
            {"high_precision_units", "units in fp32 or bf16", "1", high_},
            {"calibration_samples", "-1 = not recorded", "1", calibration_},
            {"latency_ms", "by the latency table; NaN: there was none yet", "ms", latency_},
            {"wall_s", "busy time, summed over workers", "s", wall_},
            {"elapsed_ms", "of the whole run when the trial was told", "ms", elapsed_},
            {"worker", "rank that finished it", "1", worker_},
            {"delivered", "1: best.onnx is of this trial", "1", delivered_},
            {"failure", "why it could not be evaluated", "", failure_}};
}

void MetricRows::add(std::int64_t trial, const Score& score) {
    for (const MetricValue& metric : score.metrics) {
        trial_.push_back(trial);
        name_.push_back(metric.name);
        value_.push_back(metric.value);
    }
}

std::vector<H5Column> MetricRows::columns() const {
    return {{"trial", "trial number; -1: the fp32 model", "1", trial_},
            {"name", "name of the metric", "", name_},
            {"value", "NaN: the metric gave no finite number", "1", value_}};
}

void SensitivityRows::add(const StudySource& source, const journal::Sensitivity& probe) {
    std::string fallback;
    for (std::size_t u = 0; u < source.units.size() && !probe.options.by_unit.empty(); ++u) {
        const std::string dtype = dtype_of(source, probe.options, {}, u);
        // Without study.json a unit has no options, and nobody can say whether it could have been quantized.
        const auto& options = source.units[u].options;
        const bool could_be_quantized =
            !options.empty() && (!options.front().activation_scheme.empty() || options.front().weight_group_size > 0);
        if ((dtype != "fp32" && dtype != "bf16") || !could_be_quantized) continue;
        fallback += (fallback.empty() ? "" : " ") + source.units[u].name;
    }
    // A probe that failed has no values, and so no rows.
    for (std::size_t i = 0; i < probe.values.size(); ++i) {
        const std::string& unit = probe.values[i].unit;
        const auto found = std::find_if(source.units.begin(), source.units.end(),
                                        [&](const UnitFacts& facts) { return facts.name == unit; });
        probe_.push_back(probe.probe);
        stage_.push_back(probe.stage);
        kind_.push_back(probe.kind);
        candidate_.push_back(probe.candidate);
        name_.push_back(unit);
        unit_.push_back(unit.empty() ? -1 : found - source.units.begin());
        fallback_.push_back(fallback);
        samples_.push_back(probe.samples);
        add_sums(probe.values[i].sums);
    }
}

void SensitivityRows::add_sums(const ErrorSums& sums) {
    // In the order of the columns below.
    const std::array<double, 10> all{sums.error,         sums.reference,     sums.quantized, sums.product,
                                     sums.sum,           sums.quantized_sum, sums.min,       sums.max,
                                     sums.quantized_min, sums.quantized_max};
    for (std::size_t i = 0; i < all.size(); ++i) sums_[i].push_back(all[i]);
    count_.push_back(sums.count);
    relative_.push_back(sums.relative());
    lpot_.push_back(sums.own_range_mse());
    sqnr_.push_back(sqnr_db(sums));
    cosine_.push_back(cosine(sums));
}

std::vector<H5Column> SensitivityRows::columns() const {
    return {{"probe", "number of the probe", "1", probe_},
            {"unit", "unit number; -1: the model's first output", "1", unit_},
            {"name", "name of the unit", "", name_},
            {"stage", "stage of the strategy", "", stage_},
            {"candidate", "hash of the plan", "", candidate_},
            {"fallback", "units of the candidate that could be quantized and are not", "", fallback_},
            {"samples", "calibration samples", "1", samples_},
            {"count", "elements compared", "1", count_},
            {"error", "sum (x - y)^2; x: fp32, y: quantized", "1", sums_[0]},
            {"reference", "sum x^2", "1", sums_[1]},
            {"quantized", "sum y^2", "1", sums_[2]},
            {"product", "sum x y", "1", sums_[3]},
            {"sum", "sum x", "1", sums_[4]},
            {"quantized_sum", "sum y", "1", sums_[5]},
            {"min", "of x", "1", sums_[6]},
            {"max", "of x", "1", sums_[7]},
            {"quantized_min", "of y", "1", sums_[8]},
            {"quantized_max", "of y", "1", sums_[9]},
            {"relative", "sum (x - y)^2 / sum x^2", "1", relative_},
            {"lpot", "mean squared difference, each scaled by its own range (LPOT 1.5)", "1", lpot_},
            {"sqnr_db", "10 log10(1 / relative)", "dB", sqnr_},
            {"cosine", "cosine of the angle between x and y", "1", cosine_}};
}

std::vector<H5Column> delivered_units(const ConfigNode& plan) {
    std::vector<std::string> texts[8];
    std::vector<std::int64_t> group_sizes;  // 0 where the plan has none
    for (const ConfigNode& unit : items_at(plan, "units")) {
        const double group_size = number_of(text_at(unit, "weight", "group_size"));
        // An edited plan may have any text here.
        const bool is_size = group_size > 0 && group_size < 1e15;
        group_sizes.push_back(is_size ? static_cast<std::int64_t>(group_size) : 0);
        const std::string row[] = {text_at(unit, "name"),
                                   text_at(unit, "op"),
                                   text_at(unit, "activation", "dtype"),
                                   text_at(unit, "activation", "algorithm"),
                                   text_at(unit, "weight", "dtype"),
                                   text_at(unit, "weight", "granularity"),
                                   text_at(unit, "output"),
                                   text_at(unit, "why")};
        for (std::size_t i = 0; i < std::size(row); ++i) texts[i].push_back(row[i]);
    }
    return {{"name", "name of the unit", "", texts[0]},
            {"op", "ONNX operator", "", texts[1]},
            {"activation_dtype", "of the activations that it reads", "", texts[2]},
            {"activation_algorithm", "how the range is chosen", "", texts[3]},
            {"weight_dtype", "of its weight", "", texts[4]},
            {"weight_granularity", "per_tensor or per_channel", "", texts[5]},
            {"weight_group_size", "weights that share a scale; 0: not stored by blocks", "1", group_sizes},
            {"output_dtype", "how its output is stored", "", texts[6]},
            {"why", "reason where it is not quantized", "", texts[7]}};
}

std::vector<H5Column> delivered_tensors(const ConfigNode& plan) {
    std::vector<std::string> name, dtype;
    std::vector<double> scale;
    std::vector<std::int64_t> zero_point;
    for (const ConfigNode& tensor : items_at(plan, "tensors")) {
        // A value with a scale for each channel would need a table of its own.
        const auto& scales = items_at(tensor, "scale");
        const auto& zeros = items_at(tensor, "zero_point");
        // A tensor with a key `unit` is a weight or bias. These are left to the text of best.yaml.
        if (scales.size() != 1 || zeros.size() != 1 || tensor.find("unit") != nullptr) continue;
        const auto zero = parse_int(zeros.front().scalar);
        if (!zero) continue;  // the file was edited, and has no row that could be trusted
        name.push_back(text_at(tensor, "name"));
        dtype.push_back(text_at(tensor, "dtype"));
        scale.push_back(number_of(scales.front().scalar));
        zero_point.push_back(*zero);
    }
    return {{"value", "name of the value in the fp32 model", "", name},
            {"dtype", "of its codes", "", dtype},
            {"scale", "real units per step", "1", scale},
            {"zero_point", "code of zero", "1", zero_point}};
}

}  // namespace halftone::study
