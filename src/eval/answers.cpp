// A batch is one tensor for each output; a metric sees one sample. No value is copied: a row is a view into the batch.
#include "eval/answers.hpp"

#include <utility>

#include "eval/model_feed.hpp"

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

ScoredOutputs scored_outputs(const Graph& graph, std::int64_t batch) {
    ScoredOutputs outputs;
    const OutputRows rows(graph, batch);
    for (std::size_t i = 0; i < graph.outputs().size(); ++i) {
        if (!rows.has_rows(i) && batch > 1) continue;
        outputs.positions.push_back(i);
        outputs.fields.push_back(rows.fields()[i]);
        outputs.is_whole.push_back(!rows.has_rows(i));
    }
    return outputs;
}

std::vector<TensorView> views_of(const Session& session, const ScoredOutputs& outputs) {
    std::vector<TensorView> views;
    for (std::size_t i = 0; i < outputs.positions.size(); ++i) {
        TensorView view = session.output(outputs.positions[i]);
        if (outputs.is_whole[i]) {  // one row, which is all of it
            std::vector<std::int64_t> dims = view.type.shape.dims();
            dims.insert(dims.begin(), 1);
            view.type.shape = Shape(std::move(dims));
        }
        views.push_back(std::move(view));
    }
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
