#include "kernel/native/lib/binary.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "kernel/native/lib/elementwise.hpp"
#include "kernel/ops/loop_step.hpp"

namespace halftone::native {
namespace {

/// An operand of the node: a port of the request, or a constant.
struct Source {
    const OperandEncoding* port = nullptr;
    const Tensor* constant = nullptr;
};

std::array<Source, 2> sources_of(const KernelRequest& request) {
    std::array<Source, 2> sources;
    std::size_t next = 0;
    for (std::size_t i = 0; i < 2; ++i) {
        if (i < request.constants.size() && !request.constants[i].is_empty()) {
            sources[i].constant = &request.constants[i];
        } else if (next < request.inputs.size()) {
            sources[i].port = &request.inputs[next++];
        }
    }
    return sources;
}

std::int64_t columns_of(const Shape& shape) { return shape.rank() == 0 ? 1 : shape[shape.rank() - 1]; }

Support check_port(const OperandEncoding& port, const Shape& whole) {
    constexpr float kLargestScale = 1.0e30F;  // no real value of a code is infinite
    if (port.type.shape != whole) return Support::no("operands of own kernels are not broadcast");
    if (!is_codes(port)) {
        return !port.params && port.type.dtype == DType::f32 ? Support::yes()
                                                             : Support::no("an operand is neither fp32 nor codes");
    }
    return port.params->scale[0] <= kLargestScale ? Support::yes() : Support::no("a scale is above 1e30");
}

Support check_row(const Tensor& constant, const Shape& whole) {
    const Shape& shape = constant.shape();
    // [C], [1, C] and [1, 1, C] are the same row.
    const bool is_row = constant.dtype() == DType::f32 && shape.rank() >= 1 && shape.rank() <= whole.rank() &&
                        constant.elements() == columns_of(whole) && columns_of(shape) == columns_of(whole);
    return is_row ? Support::yes() : Support::no("the constant is not a row along the last dimension");
}

bool has_any_codes(const KernelRequest& request) {
    const auto has_params = [](const OperandEncoding& port) { return port.params.has_value(); };
    return std::any_of(request.inputs.begin(), request.inputs.end(), has_params) ||
           std::any_of(request.outputs.begin(), request.outputs.end(), has_params);
}

Function function_of(codes::Arithmetic arithmetic) {
    if (arithmetic == codes::Arithmetic::add) return Function::add;
    return arithmetic == codes::Arithmetic::subtract ? Function::subtract : Function::multiply;
}

}  // namespace

Support BinaryOp::accepts(const KernelRequest& request) const {
    // Without codes nothing is rounded, and any shapes may meet.
    if (!has_any_codes(request)) return check_elementwise(function_of(arithmetic_), request);
    if (request.epilogue.has_residual || request.epilogue.activation != nullptr)
        return Support::no("own kernels fuse a clamp only");
    const OperandEncoding& output = request.outputs[0];
    const bool is_real = !output.params && output.type.dtype == DType::f32;
    if (!is_codes(output) && !is_real) return Support::no("own kernels read or give codes, per tensor");
    if (output.type.shape.elements() == 0) return Support::no("the output is empty");
    const std::array<Source, 2> sources = sources_of(request);
    if (sources[0].constant != nullptr &&
        (sources[1].constant != nullptr || arithmetic_ == codes::Arithmetic::subtract)) {
        return Support::no("own kernels take a constant as the second operand");
    }
    for (const Source& source : sources) {
        const Support support = source.constant != nullptr ? check_row(*source.constant, output.type.shape)
                                                           : check_port(*source.port, output.type.shape);
        if (!support.is_supported) return support;
    }
    return Support::yes();
}

std::unique_ptr<Primitive> BinaryOp::build(const KernelRequest& request, const BuildContext& context) const {
    if (!has_any_codes(request)) return build_elementwise(function_of(arithmetic_), request, context);
    std::array<Source, 2> sources = sources_of(request);
    // The kernels have the row on the right; a sum or a product does not mind, a difference was refused.
    if (sources[0].constant != nullptr) std::swap(sources[0], sources[1]);  // add and multiply only
    const OperandEncoding& a = *sources[0].port;
    const OperandEncoding& y = request.outputs[0];
    const codes::CodesOperand first = codes::codes_operand(a);
    codes::CodesOperand second;
    Tensor row;
    std::vector<Layout> layouts;
    if (sources[1].constant != nullptr) {
        second.is_row = true;
        row = *sources[1].constant;
        layouts = {Layout(a.type)};  // whose last dimension is innermost
    } else {
        second = codes::codes_operand(*sources[1].port);
        const Layout layout = dense_layout(a.type, context.available, 0);
        layouts = {layout, with_dtype(layout, sources[1].port->type.dtype)};
    }
    const auto columns = static_cast<std::size_t>(columns_of(y.type.shape));
    const std::size_t rows = static_cast<std::size_t>(y.type.shape.elements()) / columns;
    const auto body = [arithmetic = arithmetic_, first, second, row, rows, columns,
                       result = codes::codes_result(y, request.epilogue.clamp)](auto inputs, auto outputs) {
        const std::byte* b = second.is_row ? row.view().data : inputs[1];
        codes::binary_to_codes(arithmetic, first, inputs[0], second, b, rows, columns, result, outputs[0]);
    };
    // In place only where an element of the result is as large as one of the operand: a code cannot overwrite a float
    // early.
    const auto fits = [&](const codes::CodesOperand& o) {
        return !o.is_row && size_of(o.dtype) == size_of(y.type.dtype);
    };
    const int in_place = fits(first) ? 0 : fits(second) ? 1 : -1;
    const Layout output = with_dtype(layouts[0], y.type.dtype);
    return std::make_unique<LoopStep>(codes::codes_implementation(), std::move(layouts), output, body, in_place);
}

}  // namespace halftone::native
