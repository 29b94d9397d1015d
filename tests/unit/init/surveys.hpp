#pragma once
// Models as `init` sees them: names, types and sizes of inputs and outputs.

#include <string>
#include <vector>

#include "graph/onnx/onnx_model.hpp"

namespace halftone::init_test {

inline ModelPort port(std::string name, std::string type, std::vector<std::string> dims) {
    return {.name = std::move(name), .type = std::move(type), .dims = std::move(dims)};
}

inline ModelSurvey survey(std::vector<ModelPort> inputs, std::vector<ModelPort> outputs) {
    ModelSurvey survey;
    survey.inputs = std::move(inputs);
    survey.outputs = std::move(outputs);
    return survey;
}

/// A classifier of colour pictures, channels first.
inline ModelSurvey classifier(const std::string& classes = "10") {
    return survey({port("image", "fp32", {"N", "3", "32", "32"})}, {port("logits", "fp32", {"N", classes})});
}

/// A text model.
inline ModelSurvey text_model() {
    return survey({port("input_ids", "int64", {"N", "length"}), port("attention_mask", "int64", {"N", "length"})},
                  {port("logits", "fp32", {"N", "2"})});
}

}  // namespace halftone::init_test
