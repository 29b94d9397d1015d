// fold_gemm_factors: alpha * A * B + beta * C with constant B and C becomes A * B' + C'. The int8 kernels of machines
// without VNNI take no factors, and some versions of ONNX Runtime fuse them wrongly. A C of one element is spread to a
// row, which is the form that every runtime takes as a bias.
#include <optional>
#include <utility>

#include "graph/builder.hpp"
#include "graph/passes/lib/constant_edit.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {
namespace {

/// Each element times the factor, or one element as often as the row is long. Rounded once.
Tensor times(const Tensor& tensor, float factor, const Shape& shape) {
    Tensor out(TensorType{DType::f32, shape});
    const auto from = tensor.as<float>();
    const auto to = out.mutable_view().as<float>();
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = factor * from[from.size() == 1 ? 0 : i];
    return out;
}

/// A new constant for an input whose factor is not 1; nothing if the factor must stay.
std::optional<Tensor> with_factor(const Graph& graph, const Node& gemm, std::size_t input, float factor,
                                  std::int64_t columns) {
    if (!has_fp32_constant(graph, gemm, input)) return std::nullopt;
    const Tensor& constant = graph.value(gemm.inputs[input]).constant;
    const bool is_spread = input == 2 && constant.elements() == 1;
    Tensor product = times(constant, factor, is_spread ? Shape{columns} : constant.shape());
    // An overflow would make infinities of what the file computes with finite numbers.
    if (!is_finite(product)) return std::nullopt;
    return product;
}

}  // namespace

/// alpha goes into constant weights and beta into a constant C. Factors of operands that are computed stay.
Graph fold_gemm_factors(const Graph& graph, const OpLibrary&) {
    GraphBuilder builder(graph);
    ConstantEditor editor(builder, graph);
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const Node& gemm = graph.nodes()[n];
        if (gemm.op != "Gemm" || !has_fp32_constant(graph, gemm, 1)) continue;
        const Shape& weight = graph.value(gemm.inputs[1]).constant.shape();
        if (weight.rank() != 2) continue;
        const std::int64_t columns = weight[int_attribute(gemm, "transB", 0) != 0 ? 0 : 1];
        for (const auto& [input, attribute] : {std::pair{1, "alpha"}, std::pair{2, "beta"}}) {
            const float factor = float_attribute(gemm, attribute, 1.0F);
            if (factor == 1.0F) continue;
            const auto i = static_cast<std::size_t>(input);
            auto product = with_factor(graph, gemm, i, factor, columns);
            if (!product || !editor.may_replace(make_id<NodeId>(n), i, product->bytes())) continue;
            editor.replace(make_id<NodeId>(n), i, std::move(*product));
            builder.node(make_id<NodeId>(n)).attributes.erase(attribute);
        }
    }
    return std::move(builder).build();
}

}  // namespace halftone
