// Element-wise steps with broadcasting.
//
//   operands_of        ports and constants of the request in the node's order
//   plan_elementwise   layouts: the first operand of the output's shape decides that of the output
//   TiledRun           the walk, cut into pieces for threads: run() computes a range of rows by tiles of two dimensions
#include "kernel/native/lib/elementwise.hpp"

#include <algorithm>

#include "kernel/codes/parallel.hpp"
#include "kernel/native/lib/elementwise_rows.hpp"
#include "kernel/ops/loop_step.hpp"

namespace halftone::native {
namespace {

/// An operand of the node: input `port` of the request, or a constant (then `port` is -1).
struct ElementwiseOperand {
    int port = -1;
    Tensor constant;
    TensorType type;
};

std::vector<ElementwiseOperand> elementwise_operands(const KernelRequest& request) {
    std::vector<ElementwiseOperand> operands;
    int port = 0;
    for (std::size_t i = 0; i < request.node->inputs.size(); ++i) {
        if (i < request.constants.size() && !request.constants[i].is_empty()) {
            operands.push_back({-1, request.constants[i], request.constants[i].type()});
        } else if (static_cast<std::size_t>(port) < request.inputs.size()) {
            operands.push_back({port, {}, request.inputs[static_cast<std::size_t>(port)].type});
            ++port;
        }
    }
    return operands;
}

/// Everything that a run needs; built once.
struct TiledRun {
    StridedWalk walk;
    BroadcastLoop loop = nullptr;
    std::vector<ElementwiseOperand> operands;
    std::size_t output_size = 4;  ///< bytes of an element
    Clamp clamp{};

    /// Rows of the tile's kind from `first` to `last`, columns from `left` to `right`.
    void run(BroadcastTile tile, std::int64_t first, std::int64_t last, std::int64_t left, std::int64_t right) const;
    void run_all(std::span<const std::byte* const> inputs, std::byte* output) const;
};

void TiledRun::run(BroadcastTile tile, std::int64_t first, std::int64_t last, std::int64_t left,
                   std::int64_t right) const {
    const auto& dimensions = walk.dimensions;
    const std::size_t outer = dimensions.size() - 2;
    const std::int64_t rows = dimensions[outer].size;
    const std::array<const std::byte*, kMostOperands> start = tile.operands;
    std::byte* const y = tile.y;
    tile.columns = right - left;
    // One tile takes all rows up to the end of the second dimension from the inside; a cut of columns has one row.
    for (std::int64_t row = first; row < last; row += tile.rows) {
        tile.rows = std::min(rows - row % rows, last - row);
        Steps place{};
        for (std::size_t o = 0; o < operands.size(); ++o) {
            place[o] = row % rows * dimensions[outer].steps[o] + left * dimensions[outer + 1].steps[o];
        }
        std::int64_t rest = row / rows;
        for (std::size_t d = outer; d-- > 0;) {
            for (std::size_t o = 0; o < operands.size(); ++o) {
                place[o] += rest % dimensions[d].size * dimensions[d].steps[o];
            }
            rest /= dimensions[d].size;
        }
        for (std::size_t o = 0; o < operands.size(); ++o) {
            tile.operands[o] = start[o] + place[o] * static_cast<std::int64_t>(size_of(operands[o].type.dtype));
        }
        tile.y = y + (row * dimensions[outer + 1].size + left) * static_cast<std::int64_t>(output_size);
        loop(tile);
    }
}

void TiledRun::run_all(std::span<const std::byte* const> inputs, std::byte* output) const {
    const auto& inner = walk.dimensions.back();
    const auto& rows_of = walk.dimensions[walk.dimensions.size() - 2];
    BroadcastTile tile{
        .operands = {}, .row_steps = rows_of.steps, .column_steps = inner.steps, .y = output, .clamp = clamp};
    for (std::size_t o = 0; o < operands.size(); ++o) {
        tile.operands[o] = operands[o].port < 0 ? operands[o].constant.view().data
                                                : inputs[static_cast<std::size_t>(operands[o].port)];
    }
    std::int64_t rows = 1;
    for (std::size_t d = 0; d + 1 < walk.dimensions.size(); ++d) rows *= walk.dimensions[d].size;
    // Rows are shared out; a single row (equal shapes, or a scalar) is cut in the middle.
    if (rows > 1) {
        codes::in_rows(static_cast<std::size_t>(rows), static_cast<std::size_t>(inner.size),
                       [&](std::size_t first, std::size_t last) {
                           run(tile, static_cast<std::int64_t>(first), static_cast<std::int64_t>(last), 0, inner.size);
                       });
        return;
    }
    codes::in_chunks(static_cast<std::size_t>(inner.size), [&](std::size_t left, std::size_t right) {
        run(tile, 0, 1, static_cast<std::int64_t>(left), static_cast<std::int64_t>(right));
    });
}

struct ElementwisePlan {
    std::vector<Layout> inputs;  ///< of the ports
    Layout output;
    StridedWalk walk;
    int in_place = -1;
};

ElementwisePlan plan_elementwise(Function function, const KernelRequest& request, const BuildContext& context,
                                 const std::vector<ElementwiseOperand>& operands) {
    const TensorType& type = request.outputs[0].type;
    const auto is_whole = [&](const ElementwiseOperand& o) { return o.port >= 0 && o.type.shape == type.shape; };
    const bool has_whole_constant = std::any_of(operands.begin(), operands.end(), [&](const ElementwiseOperand& o) {
        return o.port < 0 && o.type.shape == type.shape;
    });
    const auto leader = std::find_if(operands.begin(), operands.end(), is_whole);
    // A constant of the output's shape lies row-major, so everything does. Of fp32 only, because no other type comes in
    // the layouts of images.
    Layout layout{type};
    const bool is_real = type.dtype == DType::f32 && leader != operands.end() && leader->type.dtype == DType::f32;
    if (is_real && !has_whole_constant && function != Function::choose) {
        const auto port = static_cast<std::size_t>(leader->port);
        // Where nobody said how the operand lies, row-major is as good as any.
        if (port < context.available.size()) {
            layout = dense_layout(type, context.available, port);
        }
    }
    ElementwisePlan plan{.inputs = {}, .output = layout, .walk = {}};
    const std::vector<std::int64_t> steps = layout_steps(layout);
    std::vector<WalkedOperand> walked;
    for (const ElementwiseOperand& operand : operands) {
        const bool follows = is_whole(operand);
        walked.push_back({operand.type.shape, follows ? steps : row_major_steps(operand.type.shape)});
        if (operand.port < 0) continue;
        plan.inputs.push_back(follows && !layout.is_plain() ? layout : Layout(operand.type));
        // In place only over an operand that is read at the very place that is written.
        const bool fits = follows && size_of(operand.type.dtype) == size_of(type.dtype);
        if (fits && plan.in_place < 0) plan.in_place = operand.port;
    }
    plan.walk = strided_walk(walked, type.shape, steps);
    return plan;
}

}  // namespace

Support check_elementwise(Function function, const KernelRequest& request) {
    if (request.epilogue.has_residual || request.epilogue.activation != nullptr)
        return Support::no("own kernels fuse a clamp only");
    if (request.outputs.size() != 1 || request.outputs[0].params) return Support::no("the output has codes");
    for (const OperandEncoding& port : request.inputs) {
        if (port.params) return Support::no("an operand has codes");
    }
    const std::vector<ElementwiseOperand> operands = elementwise_operands(request);
    if (operands.size() != (function == Function::choose ? 3 : 2) || operands.size() != request.node->inputs.size()) {
        return Support::no("own kernels take as many operands as the function has");
    }
    // Shape arithmetic would take longer to start than to compute; it is folded or left to the plain loops.
    if (request.outputs[0].type.shape.elements() == 0) return Support::no("the output is empty");
    for (const ElementwiseOperand& operand : operands) {
        const bool is_condition = function == Function::choose && &operand == &operands.front();
        if (!is_condition && operand.type.dtype != operands.back().type.dtype)
            return Support::no("the operands have different types");
    }
    if (find_broadcast_loop(function, operands.back().type.dtype, !request.epilogue.clamp.is_identity()) == nullptr) {
        return Support::no("own kernels have no loop for this element type");
    }
    return Support::yes();
}

std::unique_ptr<Primitive> build_elementwise(Function function, const KernelRequest& request,
                                             const BuildContext& context) {
    std::vector<ElementwiseOperand> operands = elementwise_operands(request);
    ElementwisePlan plan = plan_elementwise(function, request, context, operands);
    const Clamp clamp = request.epilogue.clamp;
    // The step owns everything: the request does not outlive the build.
    TiledRun tiled{.walk = std::move(plan.walk),
                   .loop = find_broadcast_loop(function, operands.back().type.dtype, !clamp.is_identity()),
                   .operands = std::move(operands),
                   .output_size = size_of(request.outputs[0].type.dtype),
                   .clamp = clamp};
    const auto body = [tiled = std::move(tiled)](auto inputs, auto outputs) { tiled.run_all(inputs, outputs[0]); };
    return std::make_unique<LoopStep>("native_elementwise", std::move(plan.inputs), plan.output, body, plan.in_place);
}

Support ElementwiseOp::accepts(const KernelRequest& request) const { return check_elementwise(function_, request); }

std::unique_ptr<Primitive> ElementwiseOp::build(const KernelRequest& request, const BuildContext& context) const {
    return build_elementwise(function_, request, context);
}

}  // namespace halftone::native
