// Several metrics as one.
//
//   MetricSet::bind        which outputs and targets each metric compares; what does not fit is refused here
//   with_own_answer        a sample's answer as one metric sees it
//   MetricSetState         the metrics' states, saved and merged together; the goal's value from theirs
#include "metric/metric_set.hpp"

#include <algorithm>
#include <span>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/wire.hpp"

namespace halftone {
namespace {

/// Returns the positions of the fields that a metric takes.
/// @param what  "output" or "target", for messages
std::vector<std::size_t> choose_fields(const std::vector<std::string>& names, Takes takes,
                                       const std::vector<Field>& fields, const std::string& what) {
    std::vector<std::size_t> chosen;
    for (const std::string& name : names) {
        const auto found =
            std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
        if (found == fields.end()) throw ConfigError("there is no " + what + " '" + name + "'");
        chosen.push_back(static_cast<std::size_t>(found - fields.begin()));
    }
    if (takes == Takes::none && !names.empty()) throw ConfigError("it compares no " + what);
    if (takes == Takes::one && names.size() > 1) throw ConfigError("it compares one " + what);
    if (!names.empty() || takes == Takes::none) return chosen;
    // Nothing is named: by order.
    if (fields.empty() && takes == Takes::one) throw ConfigError("there is no " + what);
    const std::size_t count = takes == Takes::one ? 1 : fields.size();
    for (std::size_t i = 0; i < count; ++i) chosen.push_back(i);
    return chosen;
}

std::vector<Field> fields_at(const std::vector<Field>& fields, const std::vector<std::size_t>& positions) {
    std::vector<Field> chosen;
    for (const std::size_t position : positions) chosen.push_back(fields[position]);
    return chosen;
}

/// The elements at some positions. Most metrics take the first ones, which need no copy.
template <class Element>
class Chosen {
public:
    Chosen(std::span<const Element> all, const std::vector<std::size_t>& positions) {
        if (all.empty()) return;  // fp32's outputs, where no metric asks for them
        bool is_prefix = true;
        for (std::size_t i = 0; i < positions.size(); ++i) is_prefix = is_prefix && positions[i] == i;
        if (is_prefix) {
            span_ = all.first(positions.size());
            return;
        }
        for (const std::size_t position : positions) copies_.push_back(all[position]);
        span_ = copies_;
    }
    Chosen(const Chosen&) = delete;  // the span may point into the object
    [[nodiscard]] std::span<const Element> span() const { return span_; }

private:
    std::vector<Element> copies_;
    std::span<const Element> span_;
};

/// Whether the metric's value is the mean of its judgements, so that it can be weighted with others'.
bool is_plain_mean(const Metric& metric) { return metric.slope(0.25, 0.25) == 1; }

}  // namespace

bool needs_baseline_outputs(const MetricConfig& config) {
    return make_metric(config.plugin.name, config.plugin.node)->needs_baseline_outputs();
}

MetricSet::MetricSet(const EvaluationConfig& config)
    : postprocess_(config.postprocess),
      is_weighted_(config.is_weighted),
      is_higher_better_(config.metrics.front().higher_is_better) {
    double weights = 0;
    // Weights become shares of their sum, so that the goal's value stays a mean.
    for (const MetricConfig& metric : config.metrics) weights += metric.weight;
    for (const MetricConfig& metric : config.metrics) {
        Entry& entry = entries_.emplace_back();
        entry.name = metric.plugin.name;
        // The place in the config is kept, because whether a metric fits is only known once model and data are there
        // (bind).
        entry.mark = metric.plugin.node.key_mark;
        entry.path = metric.plugin.node.path;
        entry.metric = make_metric(metric.plugin.name, metric.plugin.node);
        entry.output_names = metric.outputs;
        entry.target_names = metric.targets;
        entry.weight = metric.weight / weights;
    }
}

void MetricSet::bind(const std::vector<Field>& outputs, const std::vector<Field>& targets) {
    const MetricFields processed = postprocess_.bind({.outputs = outputs, .targets = targets});
    for (Entry& entry : entries_) {
        try {
            bind_one(entry, processed);
        } catch (const ConfigError& error) {
            std::string message = entry.mark.to_text() + ": " + entry.path +
                                  " does not fit model and data: " + error.what() +
                                  "\n       the model's outputs for a sample: " + to_text(outputs) +
                                  "\n       the data set's targets: " + to_text(targets);
            if (!postprocess_.is_empty()) {
                message += "\n       after postprocess: " + to_text(processed.outputs) +
                           "; targets: " + to_text(processed.targets);
            }
            throw ConfigError(message);
        }
    }
}

void MetricSet::bind_one(Entry& entry, const MetricFields& all) {
    entry.outputs = choose_fields(entry.output_names, entry.metric->outputs(), all.outputs, "output");
    entry.targets = choose_fields(entry.target_names, entry.metric->targets(), all.targets, "target");
    MetricFields fields{.outputs = fields_at(all.outputs, entry.outputs),
                        .targets = fields_at(all.targets, entry.targets),
                        .boxes = all.boxes};
    for (const Field& output : fields.outputs) {
        if (!output.is_text || entry.metric->reads_texts()) continue;
        throw ConfigError("it compares numbers, and output '" + output.name + "' is a text");
    }
    entry.metric->bind(fields);
}

bool MetricSet::needs_baseline_outputs() const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [](const Entry& entry) { return entry.metric->needs_baseline_outputs(); });
}

MetricSetState MetricSet::start() const { return MetricSetState(*this); }

template <class Body>
auto MetricSet::with_own_answer(const Entry& entry, const SampleAnswer& answer, Body&& body) {
    const Chosen<TensorView> outputs(answer.outputs, entry.outputs);
    const Chosen<TensorView> baseline(answer.baseline, entry.outputs);
    const Chosen<FieldValue> targets(answer.targets, entry.targets);
    return body(SampleAnswer{
        .id = answer.id, .outputs = outputs.span(), .targets = targets.span(), .baseline = baseline.span()});
}

std::optional<float> MetricSet::margin(const SampleAnswer& answer) const {
    // The order of samples only decides how soon a failing trial shows, so the first metric's margin serves them all.
    const Entry& first = entries_.front();
    return postprocess_.with(answer, [&](const SampleAnswer& processed) {
        return with_own_answer(first, processed, [&](const SampleAnswer& own) { return first.metric->margin(own); });
    });
}

std::optional<double> MetricSet::level_of_guessing() const {
    return is_weighted_ ? std::nullopt : entries_.front().metric->level_of_guessing();
}

double MetricSet::slope(double baseline, double value) const {
    // A weighted judgement exists only if every metric is a plain mean, whose slope is 1.
    return is_weighted_ ? 1 : entries_.front().metric->slope(baseline, value);
}

MetricSetState::MetricSetState(const MetricSet& set) : set_(&set) {
    for (const auto& entry : set.entries_) states_.push_back(entry.metric->start());
}

std::optional<double> MetricSetState::add(const SampleAnswer& answer) {
    return set_->postprocess_.with(answer, [&](const SampleAnswer& processed) { return add_processed(processed); });
}

std::optional<double> MetricSetState::add_processed(const SampleAnswer& answer) {
    std::optional<double> judgement;
    bool has_all = true;
    for (std::size_t i = 0; i < states_.size(); ++i) {
        const auto& entry = set_->entries_[i];
        const auto own = MetricSet::with_own_answer(
            entry, answer, [&](const SampleAnswer& answered) { return states_[i]->add(answered); });
        if (!set_->is_weighted_) {
            if (i == 0) judgement = own;
            continue;
        }
        // The mean of weighted judgements is the weighted mean of the metrics only if every one of them is a mean.
        has_all = has_all && own && is_plain_mean(*entry.metric);
        if (has_all) judgement = judgement.value_or(0) + entry.weight * *own;
    }
    return has_all ? judgement : std::nullopt;
}

std::string MetricSetState::save() const {
    WireWriter wire;
    for (const auto& state : states_) wire.put_text(state->save());
    return wire.take();
}

void MetricSetState::merge(std::string_view saved) {
    ByteReader wire(saved, "the states of metrics");
    for (const auto& state : states_) {
        // Each state stands behind its length, so a metric cannot read on into the next one's bytes.
        const std::string_view own = wire.get_view("the state of a metric");
        wire.require<MpiError>();
        state->merge(own);
    }
    wire.require_end<MpiError>();
}

std::vector<double> MetricSetState::values() const {
    std::vector<double> values;
    for (const auto& state : states_) values.push_back(state->value());
    return values;
}

double MetricSetState::goal_value(const std::vector<double>& values) const {
    if (!set_->is_weighted_) return values.front();
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += set_->entries_[i].weight * values[i];
    return sum;
}

std::optional<std::int64_t> MetricSetState::correct() const {
    // A weighted mean of several metrics counts no right samples, so no interval of a share belongs to it.
    return set_->is_weighted_ ? std::nullopt : states_.front()->correct();
}

std::vector<double> MetricSetState::resampled() const {
    // A weighted mean of several metrics would need all of them on the same draws; so far none says it.
    return set_->is_weighted_ ? std::vector<double>() : states_.front()->resampled();
}

std::optional<Interval> MetricSetState::bounds(std::int64_t unseen) const {
    if (!set_->is_weighted_) return states_.front()->bounds(unseen);
    // Weights are not negative, so each metric's lowest value gives the lowest mean.
    Interval sum;
    for (std::size_t i = 0; i < states_.size(); ++i) {
        const auto own = states_[i]->bounds(unseen);
        if (!own) return std::nullopt;
        sum.low += set_->entries_[i].weight * own->low;
        sum.high += set_->entries_[i].weight * own->high;
    }
    return sum;
}

}  // namespace halftone
