#include "kernel/ref/lib/likelihood_loss.hpp"

namespace halftone::ref {

TensorType loss_type(const OpContext& op) {
    check_inputs(op, 2, 3);
    check_dtype(op, 0, {DType::f32});
    check_dtype(op, 1, {DType::s32, DType::s64});
    check_dtype(op, 2, {DType::f32});
    const Shape& x = op.inputs[0].shape;
    if (x.rank() < 2 || x[1] == kSymbolic) refuse(op, "input 0 " + x.to_text() + " has no classes");
    std::vector<std::int64_t> dims = x.dims();
    // Everything but the classes: one right class for each sample and place.
    dims.erase(dims.begin() + 1);
    if (op.inputs[1].shape.dims() != dims) refuse(op, "target " + op.inputs[1].shape.to_text() + " does not fit");
    if (op.has_input(2) && op.inputs[2].shape != Shape{x[1]}) refuse(op, "weight does not have a value for each class");
    const std::string reduction = string_attribute(op.node, "reduction", "mean");
    if (reduction != "none" && reduction != "sum" && reduction != "mean") refuse(op, "reduction '" + reduction + "'");
    return {DType::f32, reduction == "none" ? Shape(std::move(dims)) : Shape{}};
}

LossSizes loss_sizes(const Shape& x) {
    std::int64_t places = 1;
    for (std::size_t d = 2; d < x.rank(); ++d) places *= x[d];
    return {x[0], x[1], places};
}

}  // namespace halftone::ref
