#include "eval/model_checks.hpp"

#include <string>
#include <vector>

#include "base/error.hpp"
#include "data/convert.hpp"

namespace halftone {

namespace {

/// The graph's inputs as fields, that is, without the batch.
std::vector<Field> input_rows(const Graph& graph) {
    std::vector<Field> rows;
    for (const ValueId id : graph.inputs()) {
        const Value& input = graph.value(id);
        std::vector<std::int64_t> dims(input.type.shape.dims());
        if (dims.empty()) throw ModelError("the model's input '" + input.name + "' is a scalar: it has no batch");
        dims.erase(dims.begin());  // the first dimension is the batch; a sample has the others
        rows.push_back({.name = input.name, .type = {input.type.dtype, Shape(std::move(dims))}});
    }
    return rows;
}

bool fits(const Field& field, const Field& row) {
    return !field.is_text && field.type.shape == row.type.shape && can_feed(field.type.dtype, row.type.dtype);
}

[[noreturn]] void refuse_samples(const char* section, const Schema& schema, const std::vector<Field>& rows,
                                 const std::string& why) {
    throw ConfigError(std::string(section) + ".dataloader yields samples of " + to_text(schema.inputs) +
                      " after its transforms, but the model takes " + to_text(rows) + " per sample: " + why);
}

}  // namespace

InputFields check_fits(const PreparedModel& model, const Pipeline* pipeline, const char* section) {
    if (!pipeline) return {};
    const Schema& schema = pipeline->schema();
    const std::vector<Field> rows = input_rows(model.graph);
    std::vector<std::string> names;
    for (const Field& row : rows) names.push_back(row.name);
    const auto fields = match_fields(names, schema.inputs);
    if (!fields) {
        refuse_samples(section, schema, rows, "not every input has a field of its name, nor do their orders agree");
    }
    // Compared before any sample is read: a data set of the wrong layout would run and score like noise.
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Field& field = schema.inputs[(*fields)[i]];
        if (fits(field, rows[i])) continue;
        refuse_samples(section, schema, rows,
                       "'" + field.name + "' does not fit the input '" + rows[i].name +
                           "' (an NCHW model needs Transpose: {perm: [2, 0, 1]})");
    }
    return *fields;
}

void check_output(const Graph& graph) {
    const Value& output = graph.value(graph.outputs()[0]);
    const Shape& input = graph.value(graph.inputs()[0]).type.shape;
    const Shape& shape = output.type.shape;
    // The first dimensions are equal when both are symbolic or both are the same number.
    if (output.type.dtype == DType::f32 && shape.rank() > 0 && shape[0] == input[0]) return;
    throw ModelError("the model's first output '" + output.name + "' is " + std::string(to_string(output.type.dtype)) +
                     " " + shape.to_text() + "; scoring needs fp32 with a row for each sample");
}

}  // namespace halftone
