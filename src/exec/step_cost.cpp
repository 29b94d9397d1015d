#include "exec/step_cost.hpp"

namespace halftone {
namespace {

/// Both products have a multiplication and an addition for each of D (a query's size) or E (a value's) and each score:
/// 2 N of the elements of Q and of those of Y, where N is the number of keys.
double attention_operations(const KernelRequest& request) {
    const auto q = static_cast<double>(request.inputs[0].type.shape.elements());
    const auto k = static_cast<double>(request.inputs[1].type.shape.elements());
    const auto y = static_cast<double>(request.outputs[0].type.shape.elements());
    const std::vector<std::int64_t> perm = ints_attribute(*request.node, "k_perm", {});
    const Shape& keys = request.inputs[1].type.shape;
    const std::size_t place = perm.size() < 2 ? keys.rank() - 2 : static_cast<std::size_t>(perm[perm.size() - 2]);
    return k == 0 ? 0 : 2 * static_cast<double>(keys[place]) * (q + y);
}

}  // namespace

double operations_of(const KernelRequest& request) {
    const std::string& op = request.node->op;
    // Operators of ours whose matrix is a constant input.
    const bool is_coded_product = op == "ScaledMatMulInteger" || op == "BlockMatMul";
    if (op == "ScaledAttention") return attention_operations(request);
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
