#include "graph/inference/work.hpp"

#include <algorithm>
#include <initializer_list>
#include <string>

namespace halftone {
namespace {

/// Products of dimensions as double: a sum of products of hostile dimensions cannot overflow, and a limit needs no
/// exact number.
double elements(const TensorType& type) {
    double product = 1.0;
    for (const std::int64_t dim : type.shape.dims()) product *= static_cast<double>(std::max<std::int64_t>(dim, 0));
    return product;
}

/// Product of the dimensions from `first` on.
double elements_from(const Shape& shape, std::size_t first) {
    double product = 1.0;
    for (std::size_t d = first; d < shape.rank(); ++d) product *= static_cast<double>(shape[d]);
    return product;
}

bool is_one_of(const std::string& op, std::initializer_list<const char*> names) {
    return std::any_of(names.begin(), names.end(), [&](const char* name) { return op == name; });
}

/// The largest integer of a constant input; 0 if it is none.
double largest_constant(const OpContext& op, std::size_t input) {
    if (input >= op.constants.size() || op.constants[input] == nullptr) return 0.0;
    const Tensor& constant = *op.constants[input];
    double largest = 0.0;
    if (constant.dtype() == DType::s64)
        for (const std::int64_t number : constant.as<std::int64_t>())
            largest = std::max(largest, static_cast<double>(number));
    if (constant.dtype() == DType::s32)
        for (const std::int32_t number : constant.as<std::int32_t>())
            largest = std::max(largest, static_cast<double>(number));
    return largest;
}

/// How often the loops touch each element of the output, or, for a ConvTranspose and the recurrent operators, of the
/// first input. 1 for all operators that touch it a fixed number of times.
double repetitions(const OpContext& op) {
    const std::string& name = op.node.op;
    const auto rank_of = [&](std::size_t input) {
        return input < op.inputs.size() ? op.inputs[input].shape.rank() : std::size_t{0};
    };
    if (name == "MatMul" && rank_of(0) > 0) return static_cast<double>(op.inputs[0].shape[rank_of(0) - 1]);
    if (name == "Gemm" && rank_of(0) == 2) {
        return static_cast<double>(op.inputs[0].shape[int_attribute(op.node, "transA", 0) != 0 ? 0 : 1]);
    }
    if (is_one_of(name, {"Conv", "ConvTranspose"}) && rank_of(1) > 1) return elements_from(op.inputs[1].shape, 1);
    if (is_one_of(name, {"LSTM", "GRU", "RNN"}) && rank_of(1) > 1 && rank_of(2) > 1) {
        // Each step multiplies a row of the input by W and the state by R, for each direction.
        return elements(op.inputs[1]) + elements(op.inputs[2]);
    }
    if (is_one_of(name, {"MaxPool", "AveragePool", "LpPool"})) {
        double window = 1.0;
        for (const std::int64_t side : ints_attribute(op.node, "kernel_shape", {})) window *= static_cast<double>(side);
        return window;
    }
    if (is_one_of(name, {"DFT", "STFT"})) {
        // A length that is no power of two takes its square; each element of the output is one sum over the line.
        const std::size_t axes = op.inputs[0].shape.rank();
        double longest = 1.0;
        for (std::size_t d = 0; d < axes; ++d) longest = std::max(longest, static_cast<double>(op.inputs[0].shape[d]));
        return std::max(longest, largest_constant(op, 1));
    }
    if (name == "Det" && rank_of(0) > 0) return static_cast<double>(op.inputs[0].shape[rank_of(0) - 1]);
    if (name == "DeformConv" && rank_of(1) > 1) return elements_from(op.inputs[1].shape, 1);
    if (name == "RoiAlign") {
        const auto points = static_cast<double>(int_attribute(op.node, "sampling_ratio", 0));
        return std::max(points * points, rank_of(0) == 4 ? elements_from(op.inputs[0].shape, 2) : 1.0);
    }
    if (name == "TfIdfVectorizer") {
        return static_cast<double>(int_attribute(op.node, "max_gram_length", 1)) *
               static_cast<double>(int_attribute(op.node, "max_skip_count", 0) + 1) *
               static_cast<double>(std::max<std::int64_t>(op.inputs[0].shape.elements(), 1));
    }
    if (name == "LRN") return static_cast<double>(int_attribute(op.node, "size", 1));
    if (name == "Resize") return 4.0 * static_cast<double>(rank_of(0));  // the taps of each resampled dimension
    return 1.0;
}

}  // namespace

std::uint64_t work_of(const OpContext& op, const std::vector<TensorType>& outputs) {
    double read = 0.0;
    double written = 0.0;
    for (const TensorType& type : op.inputs) read += elements(type);
    for (const TensorType& type : outputs) written += elements(type);
    const double repeated = std::max(written, op.inputs.empty() ? 0.0 : elements(op.inputs[0]));
    // Above 2^62 the exact number does not matter, and it would not fit.
    const double work = std::clamp(read + written + repeated * repetitions(op), 1.0, 0x1p62);
    return static_cast<std::uint64_t>(work);
}

}  // namespace halftone
