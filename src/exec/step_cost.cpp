#include "exec/step_cost.hpp"

namespace halftone {

double operations_of(const KernelRequest& request) {
    const std::string& op = request.node->op;
    // Operators of ours whose matrix is a constant input.
    const bool is_coded_product = op == "ScaledMatMulInteger" || op == "BlockMatMul";
    if (request.outputs.empty() || (op != "Conv" && op != "Gemm" && op != "MatMul" && !is_coded_product)) return 0;
    const Shape& output = request.outputs[0].type.shape;
    const auto results = static_cast<double>(output.elements());
    // A product of two tensors: [.., M, K] times [.., K, N] has K multiplications and additions for each result.
    if (request.weight.values.is_empty()) {
        if ((op != "MatMul" && !is_coded_product) || request.inputs.empty()) return 0;
        const Shape& left = request.inputs[0].type.shape;
        return left.rank() == 0 ? 0 : 2 * results * static_cast<double>(left[left.rank() - 1]);
    }
    // Elements of the weight for each output channel are what one result sums up, groups and kernel size included.
    const std::size_t channel_axis = op == "Conv" ? 1 : output.rank() - 1;
    return 2 * results * static_cast<double>(request.weight.values.elements()) /
           static_cast<double>(output[channel_axis]);
}

}  // namespace halftone
