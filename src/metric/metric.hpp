#pragma once
// Metrics. A Metric holds the settings of its section and says what it compares; an Accumulator is its state over some
// samples. Workers fill one accumulator for each shard, rank 0 merges their saved states and asks for the value.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "config/config_node.hpp"
#include "metric/boxes.hpp"
#include "metric/intervals.hpp"
#include "tensor/field.hpp"

namespace halftone {

enum class Direction { higher_is_better, lower_is_better };

/// A metric that could not be computed although all answers are there: a user's program failed. In a trial it is the
/// trial's failure; for the fp32 model it ends the run.
struct MetricFailure : Error {
    explicit MetricFailure(std::string message) : Error(ExitCode::model, std::move(message)) {}
};

/// The state of one metric over some samples.
class Accumulator {
public:
    virtual ~Accumulator() = default;
    /// Adds one sample. Its outputs and targets are those that the metric was bound to, in that order.
    /// @returns the sample's judgement: a number such that the metric's value is the mean of all judgements, or a
    /// function of that mean (see Metric::slope). Empty where no such number exists, as for F1.
    /// @throws DataError when the answer cannot be judged, naming the sample
    virtual std::optional<double> add(const SampleAnswer& answer) = 0;
    /// Returns the state as bytes, the same bytes for the same samples in whatever grouping they were added.
    [[nodiscard]] virtual std::string save() const = 0;
    /// Adds the samples of a saved state. They come after this one's samples; merging is associative.
    /// @throws MpiError when the bytes are damaged or those of another metric
    virtual void merge(std::string_view saved) = 0;
    /// Returns the value of all samples. It may take long, so it is asked for once. @pre samples() > 0
    /// @throws MetricFailure
    [[nodiscard]] virtual double value() const = 0;
    [[nodiscard]] virtual std::int64_t samples() const = 0;
    /// Returns the number of right samples where the value is a share of samples; else nothing.
    [[nodiscard]] virtual std::optional<std::int64_t> correct() const { return std::nullopt; }
    /// Returns the value of many random draws of the samples (metric/resampling.hpp), from which the loss gets its
    /// interval where there are no judgements; empty where the metric cannot. It takes as long as many value().
    /// @pre samples() > 0
    [[nodiscard]] virtual std::vector<double> resampled() const { return {}; }
    /// Returns between which numbers the value lies once `unseen` more samples are added, whatever they are; nothing if
    /// the metric cannot say.
    [[nodiscard]] virtual std::optional<Interval> bounds(std::int64_t /*unseen*/) const { return std::nullopt; }
};

/// What a metric compares: fields of one sample, without the batch dimension. A dimension of kSymbolic is known only
/// when the sample is there.
struct MetricFields {
    std::vector<Field> outputs{};  ///< of the model. A text is the list of its bytes in UTF-8, uint8
    std::vector<Field> targets{};  ///< of the data set
    /// How the boxes in the outputs are written, where a postprocess made them; empty: the metric's section says it.
    std::optional<BoxLayout> boxes{};
};

/// How many fields of one kind a metric takes when its section names none.
enum class Takes { none, one, all };

class Metric {
public:
    virtual ~Metric() = default;
    [[nodiscard]] virtual Takes outputs() const { return Takes::one; }
    [[nodiscard]] virtual Takes targets() const { return Takes::one; }
    /// Returns whether outputs may be texts, which a postprocess makes of a model's numbers.
    [[nodiscard]] virtual bool reads_texts() const { return false; }
    /// Returns whether answers must hold the fp32 model's outputs for the same sample.
    [[nodiscard]] virtual bool needs_baseline_outputs() const { return false; }
    [[nodiscard]] virtual Direction direction() const { return Direction::higher_is_better; }
    /// Takes note of what will be compared. Called once, before start().
    /// @throws ConfigError  with the reason only, when the metric cannot compare these fields
    virtual void bind(const MetricFields& fields) = 0;
    /// Returns the state over no sample. @pre bind() was called
    [[nodiscard]] virtual std::unique_ptr<Accumulator> start() const = 0;
    /// Returns by how much the sample is right, in the output's units; negative where it is wrong. Nothing if the
    /// metric judges no sample by itself, which then holds for all samples.
    [[nodiscard]] virtual std::optional<float> margin(const SampleAnswer&) const { return std::nullopt; }
    /// Returns the value that answers reach on average which know nothing of their samples: k / classes for topk, 0 for
    /// detections. Nothing where it is unknown, as for errors, which have no such limit. @pre bind() was called
    [[nodiscard]] virtual std::optional<double> level_of_guessing() const { return std::nullopt; }
    /// Returns the factor between differences of the mean of judgements and of the value, for two values that are close
    /// to one another; 1 where the value is that mean.
    [[nodiscard]] virtual double slope(double /*baseline*/, double /*value*/) const { return 1; }
};

/// Makes the metric of a name. @param node  its settings, without the keys that all metrics have
/// @throws ConfigError for an unknown name or bad settings
[[nodiscard]] std::unique_ptr<Metric> make_metric(const std::string& name, const ConfigNode& node);
[[nodiscard]] std::vector<std::string> metric_names();
/// Returns the names of the metrics for which a lower value is better.
[[nodiscard]] std::vector<std::string> lower_is_better_metrics();

}  // namespace halftone
