// A batch is one tensor for each output; a metric sees one sample. No value is copied: a row is a view into the batch.
#include "eval/answers.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "eval/model_feed.hpp"
#include "eval/used_rows.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"

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

/// Of a model with a tail all outputs are scored, one sample at a time. The first dimension of an output is the batch
/// if the file declares it as 1, or calls it what the first input calls its batch.
ScoredOutputs outputs_with_tail(const Graph& graph) {
    ScoredOutputs outputs;
    outputs.tail = std::make_shared<const TailRunner>(graph, reference_ops());
    const auto& names = graph.info().dim_names;
    const auto batch = names.find(graph.value(graph.inputs().front()).name + ":0");
    for (std::size_t i = 0; i < outputs.tail->names().size(); ++i) {
        const std::string& name = outputs.tail->names()[i];
        TensorType type = outputs.tail->types()[i];
        const auto own = names.find(name + ":0");
        const bool is_batch = own != names.end() && batch != names.end() && own->second == batch->second;
        const bool has_row = type.shape.rank() > 0 && (type.shape[0] == 1 || is_batch);
        if (has_row) type.shape = without_batch(type.shape);
        outputs.positions.push_back(i);
        outputs.fields.push_back({.name = name, .type = std::move(type)});
        outputs.is_whole.push_back(!has_row);
    }
    return outputs;
}

/// Marks the sizes of the outputs that follow from sizes of the samples: those that change when the inputs do.
void open_sizes(const Graph& graph, std::int64_t batch, const OpenShapes& open, ScoredOutputs& outputs) {
    // Twice the size where the model can run at it, else half: the positions of a text model end somewhere.
    for (const auto& [factor, divisor] : {std::pair{2, 1}, std::pair{1, 2}}) {
        try {
            const OutputRows rows(with_input_shapes(graph, reference_ops(), open.scaled(factor, divisor)), batch);
            for (std::size_t i = 0; i < outputs.positions.size(); ++i) {
                Shape& shape = outputs.fields[i].type.shape;
                const Shape& other = rows.fields()[outputs.positions[i]].type.shape;
                for (std::size_t d = 0; d < shape.rank() && d < other.rank(); ++d) {
                    if (shape[d] != other[d]) shape[d] = kSymbolic;
                }
            }
            return;
        } catch (const ModelError&) {
            continue;
        }
    }
}

/// Returns the corner of a row that has this shape, as a tensor of its own; the row itself where the corner is all.
TensorView without_padding(const TensorView& row, Shape shape, std::vector<Tensor>& kept) {
    if (shape.rank() == row.type.shape.rank() + 1) shape = without_batch(shape);
    if (shape.rank() != row.type.shape.rank() || shape == row.type.shape) return row;
    for (std::size_t d = 0; d < shape.rank(); ++d) shape[d] = std::min(shape[d], row.type.shape[d]);
    const std::size_t width = size_of(row.type.dtype);
    Tensor& corner = kept.emplace_back(TensorType{row.type.dtype, shape});
    std::byte* to = corner.mutable_view().data;
    for (const UsedRun& run : corner_runs(row.type.shape, shape)) {
        to = std::copy_n(row.data + run.begin * width, run.count * width, to);
    }
    return corner.view();
}

void add_batch(TensorType& type) {
    std::vector<std::int64_t> dims = type.shape.dims();
    dims.insert(dims.begin(), 1);
    type.shape = Shape(std::move(dims));
}

}  // namespace

ScoredOutputs scored_outputs(const Graph& graph, std::int64_t batch, const OpenShapes& open) {
    if (graph.info().tail != nullptr) return outputs_with_tail(graph);
    ScoredOutputs outputs;
    const OutputRows rows(graph, batch);
    for (std::size_t i = 0; i < graph.outputs().size(); ++i) {
        // With one sample at a time the whole output belongs to that sample, whatever its shape.
        if (!rows.has_rows(i) && batch > 1) continue;
        outputs.positions.push_back(i);
        outputs.fields.push_back(rows.fields()[i]);
        outputs.is_whole.push_back(!rows.has_rows(i));
    }
    if (!open.is_empty()) open_sizes(graph, batch, open, outputs);
    return outputs;
}

UnpaddedValues unpadded_outputs(const Graph& graph, const ScoredOutputs& outputs) {
    std::vector<ValueId> values;
    // The outputs of a tail follow from data and not from shapes: of those everything counts.
    if (outputs.tail == nullptr) {
        for (const std::size_t position : outputs.positions) values.push_back(graph.outputs()[position]);
    }
    return {graph, std::move(values)};
}

BatchOutputs outputs_of(const Session& session, const ScoredOutputs& outputs) {
    BatchOutputs batch;
    if (outputs.tail != nullptr) batch.tensors = outputs.tail->run(session);
    for (std::size_t i = 0; i < outputs.positions.size(); ++i) {
        TensorView view = outputs.tail != nullptr ? batch.tensors[i].view() : session.output(outputs.positions[i]);
        if (outputs.is_whole[i]) {  // one row, which is all of it
            add_batch(view.type);
        } else if (outputs.tail != nullptr && (view.type.shape.rank() == 0 || view.type.shape[0] != 1)) {
            throw ModelError("the output '" + outputs.fields[i].name + "' is " + view.type.shape.to_text() +
                             " for one sample; its first dimension is declared as the batch");
        }
        batch.views.push_back(std::move(view));
    }
    return batch;
}

void for_each_answer(const SampleBatch& batch, const std::vector<TensorView>& outputs,
                     const std::vector<TensorView>& baseline, UnpaddedValues& unpadded,
                     const std::function<void(const SampleAnswer&)>& body) {
    const UsedParts parts = unpadded.parts_of(batch, batch.rows);
    std::vector<TensorView> output_rows(outputs.size());
    std::vector<TensorView> baseline_rows(baseline.size());
    // Rows behind batch.rows are padding, and count for nothing.
    for (std::int64_t row = 0; row < batch.rows; ++row) {
        for (std::size_t i = 0; i < outputs.size(); ++i) output_rows[i] = row_of(outputs[i], row);
        for (std::size_t i = 0; i < baseline.size(); ++i) baseline_rows[i] = row_of(baseline[i], row);
        const auto r = static_cast<std::size_t>(row);
        std::vector<Tensor> kept;  // what the rows look at, where it is not the batch
        if (r < parts.unpadded.size() && parts.unpadded[r] != nullptr) {
            const std::vector<Shape>& shapes = *parts.unpadded[r];
            for (std::size_t i = 0; i < outputs.size() && i < shapes.size(); ++i) {
                output_rows[i] = without_padding(output_rows[i], shapes[i], kept);
                if (i < baseline.size()) baseline_rows[i] = without_padding(baseline_rows[i], shapes[i], kept);
            }
        }
        body({.id = batch.ids[r], .outputs = output_rows, .targets = batch.targets[r], .baseline = baseline_rows});
    }
}

}  // namespace halftone
