#pragma once
// Runs the fp32 model and a candidate side by side and sums the differences of their values.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "eval/sample_feed.hpp"
#include "eval/sample_source.hpp"
#include "eval/shaped_sessions.hpp"
#include "eval/used_rows.hpp"
#include "exec/apply_plan.hpp"
#include "exec/prepared_model.hpp"
#include "exec/session.hpp"
#include "trial/probe.hpp"

namespace halftone {

/// Returns the value that holds a unit's output as its readers see it: behind QuantizeLinear and DequantizeLinear where
/// it is quantized. @pre the graph has the value
[[nodiscard]] ValueId seen_output(const Graph& graph, const std::string& value);

/// How much of a batch's value belongs to samples.
struct BatchRows {
    std::int64_t used = 1;  ///< rows that hold samples
    std::int64_t all = 1;   ///< rows of the batch
};

/// Adds the differences of the used rows of two equally shaped values; where the batch dimension is not the first,
/// `declared` says which it is.
void add_errors(ErrorSums& sums, TensorView reference, TensorView other, const Shape& declared, BatchRows rows);
/// Adds the differences of these elements.
void add_errors(ErrorSums& sums, TensorView reference, TensorView other, const std::vector<UsedRun>& runs);

/// Returns a shard's sums as bytes.
[[nodiscard]] std::string encode_errors(const std::vector<ErrorSums>& sums, std::int64_t samples);
/// Returns the sums of all shards together. If one is not finite, the result is a failure of the candidate.
/// @param payloads  of all shards, in their order
[[nodiscard]] ProbeResult merge_errors(const std::vector<std::string>& payloads);

/// Two sessions of equal inputs, with the values to compare.
class ErrorProbe {
public:
    /// @param what  values of units, or the outputs; outputs of integers are left out, as errors are of real values
    ErrorProbe(ProbeKind what, const PreparedModel& fp32, const Graph& quantized, const CompileOptions& options);

    [[nodiscard]] ProbeKind what() const { return what_; }
    /// Returns the buffers that the caller fills for both models, by graph input. From now on both run at this shape.
    /// @throws ModelError, BudgetError when one of them cannot
    [[nodiscard]] std::vector<MutableView> inputs(const SessionShape& shape);
    /// The same at the shapes that the graph has, with as many rows as the options of compilation say.
    [[nodiscard]] std::vector<MutableView> inputs() { return inputs({{}, options_.batch}); }
    /// Replaces the candidate by another one. The fp32 model and its kept outputs stay.
    void replace(const Graph& quantized);
    /// Runs both on inputs() and adds the differences of the samples to `sums`. The fp32 output of a batch is kept and
    /// found by its samples, as far as 256 MiB reach; for later batches the fp32 model runs again.
    void run(const SampleBatch& batch, std::vector<ErrorSums>& sums);
    /// Returns how many values are compared.
    [[nodiscard]] std::size_t size() const { return declared_.size(); }
    /// Runs both on inputs(). @pre what() is unit_errors
    void run_units();
    /// Return a unit's output in the fp32 model and in the candidate, as run_units() left it.
    [[nodiscard]] TensorView reference(std::size_t unit) const { return reference_->tap(unit); }
    [[nodiscard]] TensorView candidate(std::size_t unit) const { return quantized_->tap(unit); }
    /// The value's shape in the model.
    [[nodiscard]] const Shape& declared(std::size_t unit) const { return declared_[unit]; }

private:
    void copy_inputs();
    void run_reference_outputs(const SampleBatch& batch);
    [[nodiscard]] std::vector<ValueId> compared_values() const;

    ProbeKind what_;
    const PreparedModel& fp32_;
    CompileOptions options_;
    std::vector<Shape> declared_;                ///< of each compared value
    std::vector<std::size_t> compared_outputs_;  ///< numbers of the outputs that hold real values
    ShapedSessions reference_sessions_;
    std::unique_ptr<ShapedSessions> quantized_sessions_;
    UnpaddedValues unpadded_;  ///< of the compared values
    SessionShape shape_;       ///< that both sessions run at
    Session* reference_ = nullptr;
    Session* quantized_ = nullptr;
    /// Outputs of the fp32 model, by the numbers of a batch's samples, then as compared_outputs_; of the first batches
    /// only.
    std::map<std::vector<std::int64_t>, std::vector<Tensor>> outputs_;
    std::vector<TensorView> reference_outputs_;  ///< of the batch that runs, as compared_outputs_
    std::size_t kept_bytes_ = 0;                 ///< of outputs_
};

}  // namespace halftone
