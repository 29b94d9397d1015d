#include "eval/model_checks.hpp"

#include <string>
#include <vector>

#include "base/error.hpp"

namespace halftone {

void check_fits(const PreparedModel& model, const Pipeline* pipeline, const char* section) {
    if (!pipeline) return;
    const Graph& graph = model.graph;
    if (graph.inputs().size() != 1) {
        throw ModelError("the model has " + std::to_string(graph.inputs().size()) +
                         " inputs; data sets feed models with one input");
    }
    const Value& input = graph.value(graph.inputs()[0]);
    std::vector<std::int64_t> wanted(input.type.shape.dims());
    if (wanted.empty()) throw ModelError("the model's input '" + input.name + "' is a scalar: it has no batch");
    wanted.erase(wanted.begin());  // the first dimension is the batch; a sample has the others
    const TensorType& spec = pipeline->spec();
    // Compared before any sample is read: a data set of the wrong layout would run and score like noise.
    if (spec.dtype == input.type.dtype && spec.shape == Shape(wanted)) return;
    throw ConfigError(std::string(section) + ".dataloader yields samples of " + std::string(to_string(spec.dtype)) +
                      " " + spec.shape.to_text() + " after its transforms, but the model's input '" + input.name +
                      "' takes " + std::string(to_string(input.type.dtype)) + " " + Shape(wanted).to_text() +
                      " per sample (an NCHW model needs Transpose: {perm: [2, 0, 1]})");
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
