#include "eval/model_checks.hpp"

#include <string>

#include "base/error.hpp"

namespace halftone {

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
