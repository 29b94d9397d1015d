#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {

// Exporters write "reshape to [batch, -1]" as Shape, Gather, Concat and so on. The graph room follows such chains with
// PartialInts; here they arrive as a value whose elements are numbers or the batch.
std::vector<PartialInt> shape_input(const OpContext& op, std::size_t input, const char* name) {
    check_dtype(op, input, {DType::s64, DType::s32});
    check_rank(op, input, 0, 1);
    if (const PartialInts* partial = op.constants[input] == nullptr ? op.partial(input) : nullptr) {
        for (const PartialInt& element : *partial) {
            // Such as batch + 1 or batch / 2: shapes of ours know the batch itself only.
            if (element.kind == PartialInt::Kind::unknown) {
                refuse(op, "the input '" + std::string(name) + "' depends on the batch in a way that is not supported");
            }
        }
        return *partial;
    }
    const Tensor& constant = constant_input(op, input, name);
    std::vector<PartialInt> elements;
    const auto add = [&elements](std::int64_t number) { elements.push_back({PartialInt::Kind::number, number}); };
    if (constant.dtype() == DType::s64) {
        for (const std::int64_t number : constant.as<std::int64_t>()) add(number);
    } else {
        for (const std::int32_t number : constant.as<std::int32_t>()) add(number);
    }
    return elements;
}

std::vector<std::int64_t> number_input(const OpContext& op, std::size_t input, const char* name) {
    std::vector<std::int64_t> numbers;
    for (const PartialInt& element : shape_input(op, input, name)) {
        if (element.kind != PartialInt::Kind::number) {
            refuse(op, "the input '" + std::string(name) + "' must be a constant, not the batch");
        }
        numbers.push_back(element.number);
    }
    return numbers;
}

Shape shape_from(const OpContext& op, const std::vector<PartialInt>& dims) {
    std::vector<std::int64_t> shape;
    for (const PartialInt& dim : dims) {
        if (dim.kind == PartialInt::Kind::number && dim.number < 0) {
            refuse(op, "shape has the dimension " + std::to_string(dim.number));
        }
        // What is no number is the batch: unknown elements were refused in shape_input().
        shape.push_back(dim.kind == PartialInt::Kind::number ? dim.number : kSymbolic);
    }
    return Shape(std::move(shape));
}

}  // namespace halftone::ref
