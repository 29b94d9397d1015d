// activation(Gemm(A, B, C)). Source: onnxruntime/docs/ContribOperators.md, com.microsoft.FusedGemm.
#include "graph/rewrites/lib/activation.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_fused_gemm(Rewriter& rewriter) {
    Attributes attributes = without_activation(rewriter.node());
    // Parameters of the activation have names of their own in this operator.
    for (const char* name : {"activation_alpha", "activation_beta", "activation_gamma"}) attributes.erase(name);
    std::vector<ValueId> inputs{rewriter.input(0), rewriter.input(1)};
    if (rewriter.has_input(2)) inputs.push_back(rewriter.input(2));
    const ValueId product = rewriter.add_named("Gemm", std::move(inputs), std::move(attributes));
    if (string_attribute(rewriter.node(), "activation", "") == "LeakyRelu") {
        rewriter.finish("LeakyRelu", {product},
                        {{"alpha", float_attribute(rewriter.node(), "activation_alpha", 0.01F)}});
    } else {
        finish_with_activation(rewriter, product);
    }
}

}  // namespace halftone
