#include "graph/rewrites/lib/rms.hpp"

namespace halftone {

// RMSNorm: y = x / sqrt(mean(x^2) + epsilon) * scale. Source: Zhang and Sennrich, "Root Mean Square Layer
// Normalization" (2019); like LayerNormalization, but nothing is subtracted.
void finish_with_rms(Rewriter& rewriter, ValueId x, ValueId scale, float epsilon) {
    const ValueId square = rewriter.add("Mul", {x, x});
    // The axes of ReduceMean are an attribute before operator set 18 and an input from then on.
    const std::vector<std::int64_t> last{-1};
    std::vector<ValueId> inputs{square};
    Attributes attributes;
    if (rewriter.opset() >= 18) {
        inputs.push_back(rewriter.constant("axes", Tensor::of<std::int64_t>(Shape{1}, last)));
    } else {
        attributes = {{"axes", last}};
    }
    const ValueId mean = rewriter.add("ReduceMean", std::move(inputs), std::move(attributes));
    const ValueId shifted = rewriter.add("Add", {mean, rewriter.scalar(epsilon)});
    const ValueId normal = rewriter.add("Div", {x, rewriter.add("Sqrt", {shifted})});
    rewriter.finish("Mul", {normal, scale});
}

}  // namespace halftone
