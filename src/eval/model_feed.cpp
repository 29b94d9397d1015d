// How a model takes samples and what it answers for each.
//
//   OutputRows       compares the outputs' shapes in the model with those at a batch: a row for each sample, or not
//   executor_batch   how many samples run together
//   has_bound_sizes, fitting_fields   which field feeds which input; a misfit is refused with both schemas
#include "eval/model_feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "data/convert.hpp"
#include "eval/open_shapes.hpp"
#include "graph/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

Shape without_first(const Shape& shape) { return Shape(std::vector(shape.dims().begin() + 1, shape.dims().end())); }

/// The first dimension of every input where they agree: kSymbolic or a number. 0 where they do not, or one has none.
std::int64_t common_batch(const Graph& graph) {
    std::int64_t common = 0;
    for (const ValueId id : graph.inputs()) {
        const Shape& shape = graph.value(id).type.shape;
        if (shape.rank() == 0 || (common != 0 && shape[0] != common)) return 0;
        common = shape[0];
    }
    return common;
}

/// Whether samples of this shape may be what is asked for. A size that differs from sample to sample may be any: it is
/// compared when the sample is read.
bool may_be(const Shape& sample, const Shape& wanted) {
    return std::equal(sample.dims().begin(), sample.dims().end(), wanted.dims().begin(), wanted.dims().end(),
                      [](std::int64_t size, std::int64_t asked) { return size == asked || size == kSymbolic; });
}

/// Whether a sample of this shape is one row of the input.
bool is_row(const Shape& sample, const Shape& input) {
    return input.rank() > 0 && may_be(sample, without_first(input));
}

/// Whether a sample of this shape is all that the input takes, where samples run one by one.
bool is_whole(const Shape& sample, Shape input) {
    if (input.rank() > 0 && input[0] == kSymbolic) input[0] = 1;
    return may_be(sample, input);
}

/// Whether a value of one sample fits the input, with `batch` samples together.
bool fits_shape(const Shape& sample, const Shape& input, std::int64_t batch) {
    const bool may_be_row = input.rank() > 0 && (input[0] == kSymbolic || input[0] == batch);
    return (may_be_row && is_row(sample, input)) || (batch == 1 && is_whole(sample, input));
}

/// Puts the sizes of a sample in the place of those that the model's file leaves open.
void take_open_sizes(const Graph& graph, const Shape& sample, const std::string& name, Shape& input) {
    if (sample.rank() > input.rank() || sample.rank() + 1 < input.rank()) return;
    const std::size_t rows = input.rank() - sample.rank();
    for (std::size_t d = std::max<std::size_t>(rows, 1); d < input.rank(); ++d) {
        if (graph.info().bound_dims.contains(name + ":" + std::to_string(d))) input[d] = sample[d - rows];
    }
}

std::vector<std::string> names_of_inputs(const Graph& graph) {
    std::vector<std::string> names;
    for (const ValueId id : graph.inputs()) names.push_back(graph.value(id).name);
    return names;
}

/// What the model takes for each sample: its inputs without the batch, where they have one.
std::vector<Field> input_rows(const Graph& graph, std::int64_t batch) {
    std::vector<Field> rows;
    for (const ValueId id : graph.inputs()) {
        const Value& input = graph.value(id);
        const Shape& shape = input.type.shape;
        const bool is_batched = shape.rank() > 0 && (shape[0] == kSymbolic || shape[0] == batch);
        rows.push_back({.name = input.name, .type = {input.type.dtype, is_batched ? without_first(shape) : shape}});
    }
    return rows;
}

[[noreturn]] void refuse_samples(const std::string& section, const Schema& samples, const std::vector<Field>& rows,
                                 const std::string& why) {
    throw ConfigError(section + ".dataloader yields samples of " + to_text(samples.inputs) +
                      " after its transforms, but the model takes " + to_text(rows) + " per sample: " + why);
}

}  // namespace

OutputRows::OutputRows(const Graph& graph, std::int64_t batch) {
    const std::int64_t in_inputs = common_batch(graph);
    const std::vector<TensorType> types = bind_batch(graph, reference_ops(), batch);
    for (const ValueId id : graph.outputs()) {
        const Value& output = graph.value(id);
        const TensorType& type = types[static_cast<std::size_t>(id.value)];
        // Two numbers must agree. An open first dimension need not be the batch: it may count eight rows for each
        // sample. And a fixed one may be equal to the batch by chance.
        const bool has_rows = type.shape.rank() > 0 && output.type.shape.rank() > 0 && in_inputs != 0 &&
                              output.type.shape[0] == in_inputs && type.shape[0] == batch;
        has_rows_.push_back(has_rows);
        can_divide_ = can_divide_ && has_rows;
        fields_.push_back(
            {.name = output.name, .type = {type.dtype, has_rows ? without_first(type.shape) : type.shape}});
    }
}

std::int64_t executor_batch(const Graph& graph, const std::vector<const Schema*>& samples, std::int64_t wanted) {
    const std::int64_t fixed = common_batch(graph);
    if (fixed == 0 || graph.info().tail != nullptr) return 1;
    for (const Schema* schema : samples) {
        const auto fields = match_fields(names_of_inputs(graph), schema->inputs);
        if (!fields) continue;  // refused later, with a better message
        for (std::size_t i = 0; i < fields->size(); ++i) {
            const Shape& input = graph.value(graph.inputs()[i]).type.shape;
            const Shape& sample = schema->inputs[(*fields)[i]].type.shape;
            if (!is_row(sample, input) && is_whole(sample, input)) return 1;
        }
    }
    const auto is_run_time_range = [](const Node& node) { return node.op == "DynamicQuantizeLinear"; };
    const auto& nodes = graph.nodes();
    if (fixed == kSymbolic && std::any_of(nodes.begin(), nodes.end(), is_run_time_range)) return 1;
    const std::int64_t batch = fixed == kSymbolic ? wanted : fixed;
    return OutputRows(graph, batch).can_divide() ? batch : 1;
}

bool has_bound_sizes(const Graph& graph, const Schema& samples) {
    const auto fields = match_fields(names_of_inputs(graph), samples.inputs);
    if (!fields) return false;
    for (std::size_t i = 0; i < fields->size(); ++i) {
        const Shape& input = graph.value(graph.inputs()[i]).type.shape;
        const Shape& sample = samples.inputs[(*fields)[i]].type.shape;
        if (!is_row(sample, input) && !is_whole(sample, input)) return false;
    }
    return true;
}

FeedRules feed_rules(const Graph& graph, const Pipeline& samples, const Pipeline* other) {
    return {.cuts_fractions = samples.cuts_fractions(),
            .has_sizes_of_another = other != nullptr && has_bound_sizes(graph, other->schema())};
}

InputFields fitting_fields(const Graph& graph, const Schema& samples, std::int64_t batch, const std::string& section,
                           const FeedRules& rules) {
    const std::vector<Field> rows = input_rows(graph, batch);
    const auto fields = match_fields(names_of_inputs(graph), samples.inputs);
    if (!fields) {
        refuse_samples(section, samples, rows,
                       "not every input has a field of its name, nor do their numbers and orders agree");
    }
    // Compared before any sample is read: a data set of the wrong layout would run and score like noise.
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Field& field = samples.inputs[(*fields)[i]];
        TensorType input = graph.value(graph.inputs()[i]).type;
        const bool has_type =
            can_feed(field.type.dtype, input.dtype) || (rules.cuts_fractions && can_cut(field.type.dtype, input.dtype));
        if (rules.has_sizes_of_another) take_open_sizes(graph, field.type.shape, rows[i].name, input.shape);
        if (!field.is_text && has_type && fits_shape(field.type.shape, input.shape, batch)) continue;
        refuse_samples(section, samples, rows,
                       "'" + field.name + "' does not fit the input '" + rows[i].name +
                           "' (an NCHW model needs Transpose: {perm: [2, 0, 1]})");
    }
    return *fields;
}

}  // namespace halftone
