#pragma once
// MetricSet: the metrics of one config, side by side. It gives each metric the outputs and targets that its section
// names, and makes of their values the one number that the goal judges.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/run_config.hpp"
#include "metric/metric.hpp"
#include "metric/postprocess.hpp"

namespace halftone {

/// The states of all metrics over some samples.
class MetricSetState;

/// Returns whether this metric compares with the fp32 model's outputs. @throws ConfigError for bad settings
[[nodiscard]] bool needs_baseline_outputs(const MetricConfig& config);

class MetricSet {
public:
    /// @throws ConfigError for an unknown name or bad settings
    explicit MetricSet(const EvaluationConfig& config);

    /// Lets the postprocesses check what they get, then chooses for each metric its fields behind them, by name or else
    /// by order, and lets it check them.
    /// @param outputs  of the model, for one sample; @param targets  of the data set
    /// @throws ConfigError that names the metric's place and lists outputs and targets when something does not fit
    void bind(const std::vector<Field>& outputs, const std::vector<Field>& targets);

    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] const std::string& name(std::size_t i) const { return entries_[i].name; }
    [[nodiscard]] bool is_higher_better() const { return is_higher_better_; }
    [[nodiscard]] bool needs_baseline_outputs() const;
    /// Returns the state over no sample. It refers to this set. @pre bind() was called
    [[nodiscard]] MetricSetState start() const;
    /// Returns by how much the first metric finds the sample right; nothing where it has no margins.
    [[nodiscard]] std::optional<float> margin(const SampleAnswer& answer) const;
    /// Returns what guesses reach by what the goal judges (Metric::level_of_guessing); nothing for a weighted mean of
    /// several metrics. @pre bind() was called
    [[nodiscard]] std::optional<double> level_of_guessing() const;
    /// Returns the factor between differences of the mean of judgements and of the goal's value.
    [[nodiscard]] double slope(double baseline, double value) const;

private:
    friend class MetricSetState;
    struct Entry {
        std::string name;
        Mark mark;         ///< of the metric's name in the config
        std::string path;  ///< "evaluation.accuracy.metric.topk"
        std::unique_ptr<Metric> metric;
        std::vector<std::string> output_names, target_names;  ///< as the config gives them; empty: by order
        std::vector<std::size_t> outputs, targets;            ///< chosen by bind()
        double weight = 1;
    };
    static void bind_one(Entry& entry, const MetricFields& all);
    /// Calls `body` with the answer that this metric compares: its own fields, in its own order.
    /// @param answer  behind the postprocesses
    template <class Body>
    static auto with_own_answer(const Entry& entry, const SampleAnswer& answer, Body&& body);

    PostprocessChain postprocess_;
    std::vector<Entry> entries_;
    bool is_weighted_;
    bool is_higher_better_;
};

class MetricSetState {
public:
    explicit MetricSetState(const MetricSet& set);

    /// Adds one sample with all outputs of the model and all targets of the data set, as they were before any
    /// postprocess. Returns its judgement by what the
    /// goal judges (Accumulator::add); empty where there is none. @throws DataError
    std::optional<double> add(const SampleAnswer& answer);
    [[nodiscard]] std::string save() const;
    /// @throws MpiError when the bytes are damaged or those of other metrics
    void merge(std::string_view saved);
    [[nodiscard]] std::int64_t samples() const { return states_.front()->samples(); }

    /// Returns the value of each metric, in the order of the set. @pre samples() > 0
    [[nodiscard]] std::vector<double> values() const;
    /// Returns what the goal judges, made from values().
    [[nodiscard]] double goal_value(const std::vector<double>& values) const;
    /// As Accumulator, for what the goal judges.
    [[nodiscard]] std::optional<std::int64_t> correct() const;
    [[nodiscard]] std::optional<Interval> bounds(std::int64_t unseen) const;
    [[nodiscard]] std::vector<double> resampled() const;

private:
    std::optional<double> add_processed(const SampleAnswer& answer);

    const MetricSet* set_;
    std::vector<std::unique_ptr<Accumulator>> states_;  ///< one for each metric
};

}  // namespace halftone
