// A batch is one tensor for each output; a metric sees one sample. No value is copied: a row is a view into the batch.
#include "eval/answers.hpp"

namespace halftone {
namespace {

Shape without_batch(const Shape& shape) {
    std::vector<std::int64_t> dims = shape.dims();
    dims.erase(dims.begin());
    return Shape(std::move(dims));
}

TensorView row_of(const TensorView& batch, std::int64_t row) {
    TensorView view{{batch.type.dtype, without_batch(batch.type.shape)}, nullptr};
    view.data = batch.data + static_cast<std::size_t>(row) * view.bytes();
    return view;
}

}  // namespace

ScoredOutputs scored_outputs(const Graph& graph) {
    ScoredOutputs outputs;
    const Shape& input = graph.value(graph.inputs()[0]).type.shape;
    for (std::size_t i = 0; i < graph.outputs().size(); ++i) {
        const Value& value = graph.value(graph.outputs()[i]);
        // Equal when both are open (the batch) or both are the batch that the model fixes.
        if (value.type.shape.rank() == 0 || value.type.shape[0] != input[0]) continue;
        outputs.positions.push_back(i);
        outputs.fields.push_back(
            {.name = value.name, .type = {value.type.dtype, without_batch(value.type.shape)}, .is_text = false});
    }
    return outputs;
}

std::vector<TensorView> views_of(const Session& session, const ScoredOutputs& outputs) {
    std::vector<TensorView> views;
    for (const std::size_t position : outputs.positions) views.push_back(session.output(position));
    return views;
}

void for_each_answer(const SampleBatch& batch, const std::vector<TensorView>& outputs,
                     const std::vector<TensorView>& baseline, const std::function<void(const SampleAnswer&)>& body) {
    std::vector<TensorView> output_rows(outputs.size());
    std::vector<TensorView> baseline_rows(baseline.size());
    // Rows behind batch.rows are padding, and count for nothing.
    for (std::int64_t row = 0; row < batch.rows; ++row) {
        for (std::size_t i = 0; i < outputs.size(); ++i) output_rows[i] = row_of(outputs[i], row);
        for (std::size_t i = 0; i < baseline.size(); ++i) baseline_rows[i] = row_of(baseline[i], row);
        const auto r = static_cast<std::size_t>(row);
        body({.id = batch.ids[r], .outputs = output_rows, .targets = batch.targets[r], .baseline = baseline_rows});
    }
}

}  // namespace halftone
