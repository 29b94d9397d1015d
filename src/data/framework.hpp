#pragma once
// The framework whose meaning of a word counts. LPOT implements the same transform once for each framework, and the
// results differ: `Resize` uses Pillow in one and OpenCV in another. Here model.framework decides which one is meant.

#include <cstdint>
#include <string_view>

namespace halftone {

enum class Framework : std::uint8_t { tensorflow, pytorch, mxnet, onnxrt };

/// Returns the framework of a word of model.framework: "pytorch_fx" and "pytorch_ipex" are pytorch. Every word that
/// begins with no framework's name is onnxrt, which is the default of model.framework.
[[nodiscard]] constexpr Framework framework_of(std::string_view word) {
    if (word.starts_with("tensorflow")) return Framework::tensorflow;
    if (word.starts_with("pytorch")) return Framework::pytorch;
    if (word.starts_with("mxnet")) return Framework::mxnet;
    return Framework::onnxrt;
}

}  // namespace halftone
