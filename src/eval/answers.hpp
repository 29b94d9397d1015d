#pragma once
// Answers: the outputs of a session as metrics see them, one sample at a time.

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "eval/sample_source.hpp"
#include "eval/shaped_sessions.hpp"
#include "exec/interpreter.hpp"
#include "exec/session.hpp"
#include "graph/graph.hpp"
#include "tensor/field.hpp"

namespace halftone {

/// The outputs of a graph that belong to samples: those with a row for each, or all where samples run one by one.
/// Metrics can compare no others.
struct ScoredOutputs {
    std::vector<std::size_t> positions;  ///< among the graph's outputs
    std::vector<Field> fields;           ///< name and type of one sample, without the batch dimension
    std::vector<bool> is_whole;          ///< whether all of the output belongs to the only sample of a batch
    /// Runs the tail of a model that has one; then the outputs above are those of head and tail together.
    std::shared_ptr<const TailRunner> tail{};
};

/// Outputs of one batch, each with a row for each sample.
struct BatchOutputs {
    std::vector<TensorView> views;
    std::vector<Tensor> tensors{};  ///< what the views look at, where it is not the session's
};
/// @param batch  samples that run together
/// @param open   sizes that differ from sample to sample; sizes of outputs that follow from them are kSymbolic
[[nodiscard]] ScoredOutputs scored_outputs(const Graph& graph, std::int64_t batch, const OpenShapes& open = {});

/// Returns the outputs whose shapes without padding decide what a metric sees of a padded sample.
[[nodiscard]] UnpaddedValues unpadded_outputs(const Graph& graph, const ScoredOutputs& outputs);

/// Returns these outputs of a session as they are after run(); valid until the next run(). A tail runs now.
[[nodiscard]] BatchOutputs outputs_of(const Session& session, const ScoredOutputs& outputs);

/// Calls `body` with the answer of each row that holds a sample; padding has none. Of an output of a padded sample only
/// the part is answered that there would be without padding: the corner of that shape.
/// @param outputs   of a batch, each with a row for each sample
/// @param baseline  the fp32 model's, likewise; empty if no metric asks for them
/// @param unpadded  of these outputs
void for_each_answer(const SampleBatch& batch, const std::vector<TensorView>& outputs,
                     const std::vector<TensorView>& baseline, UnpaddedValues& unpadded,
                     const std::function<void(const SampleAnswer&)>& body);

}  // namespace halftone
