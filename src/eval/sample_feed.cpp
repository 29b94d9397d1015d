#include "eval/sample_feed.hpp"

#include <algorithm>
#include <string>
#include <variant>

#include "base/check.hpp"
#include "base/error.hpp"
#include "data/convert.hpp"

namespace halftone {
namespace {

/// One row of a batch, as a list of elements. Its shape is not needed: the values of a sample lie in the same order.
MutableView row_of_input(MutableView input, std::int64_t row, std::int64_t rows) {
    HALFTONE_CHECK(row >= 0 && row < rows && input.elements() % rows == 0, "the input has this row");
    const std::int64_t elements = input.elements() / rows;
    const auto offset = static_cast<std::size_t>(row * elements) * size_of(input.type.dtype);
    return {{input.type.dtype, Shape{elements}}, input.data + offset};
}

/// Compares a sample with its row of the input, or with the whole input where there is only one. What every sample has
/// in common was compared before; sizes that differ from sample to sample were not.
void check_shape(const Shape& sample, const Shape& input) {
    const auto& dims = input.dims();
    const bool is_row =
        !dims.empty() && std::equal(dims.begin() + 1, dims.end(), sample.dims().begin(), sample.dims().end());
    if (is_row || sample == input) return;
    throw DataError("its shape is " + sample.to_text() + ", the model's input takes " + input.to_text() +
                    " with the batch as first dimension (a transform such as Resize gives all pictures one size)");
}

/// Says which sample and which of its fields a fault is about.
void add_sample_context(DataError& error, const Sample& sample, std::size_t field) {
    error.add_context("sample " + std::to_string(sample.id) + ", input " + std::to_string(field));
}

}  // namespace

InputFields fields_of(const Graph& graph, const Schema& schema) {
    std::vector<std::string> names;
    std::vector<Field> inputs;
    for (const ValueId id : graph.inputs()) {
        const Value& input = graph.value(id);
        names.push_back(input.name);
        inputs.push_back({.name = input.name, .type = input.type});
    }
    // By name where all names agree, else by order (data/dataset.hpp).
    if (const auto fields = match_fields(names, schema.inputs)) return *fields;
    throw ConfigError("the samples have " + to_text(schema.inputs) + ", but the model takes " + to_text(inputs) +
                      ": not every input has a field of its name, nor do their orders agree");
}

std::vector<MutableView> inputs_of(const Session& session) {
    std::vector<MutableView> inputs;
    for (std::size_t i = 0; i < session.input_count(); ++i) inputs.push_back(session.input(i));
    return inputs;
}

void put_sample(const Sample& sample, const InputFields& fields, std::int64_t row, std::int64_t rows,
                std::span<const MutableView> inputs) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        // An empty list means the same order on both sides.
        const std::size_t field = fields.empty() ? i : fields[i];
        const TensorView value = std::get<Tensor>(sample.inputs.at(field)).view();
        const MutableView to = row_of_input(inputs[i], row, rows);
        try {
            check_shape(value.type.shape, inputs[i].type.shape);
            feed_values(value, to);
        } catch (DataError& error) {
            // The reader of the message needs the sample's number to look at it with other tools.
            add_sample_context(error, sample, field);
            throw;
        }
    }
}

void check_sample(const Sample& sample, const InputFields& fields, const Graph& graph) {
    for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
        const std::size_t field = fields.empty() ? i : fields[i];
        const Shape& shape = std::get<Tensor>(sample.inputs.at(field)).shape();
        Shape input = graph.value(graph.inputs()[i]).type.shape;
        // A sample that is a whole input says itself how many rows it has.
        if (input.rank() > 0 && input.rank() == shape.rank() && input[0] == kSymbolic) input[0] = shape[0];
        try {
            check_shape(shape, input);
        } catch (DataError& error) {
            add_sample_context(error, sample, field);
            throw;
        }
    }
}

void clear_rows(std::int64_t first, std::int64_t rows, std::span<const MutableView> inputs) {
    for (const MutableView& input : inputs) {
        const std::size_t row_bytes = input.bytes() / static_cast<std::size_t>(rows);
        // Rows that the batch before left would be computed again. Zeros cost the same, and cannot hold the NaN that
        // makes steps run carefully and slowly.
        const auto used = static_cast<std::size_t>(first) * row_bytes;
        std::fill_n(input.data + used, input.bytes() - used, std::byte{0});
    }
}

void read_samples(const Pipeline& data, SampleRange range, const InputFields& fields, std::int64_t rows,
                  std::span<const MutableView> inputs) {
    for (std::int64_t id = range.first; id < range.last; ++id) {
        put_sample(data.read(id), fields, id - range.first, rows, inputs);
    }
    clear_rows(range.count(), rows, inputs);
}

}  // namespace halftone
