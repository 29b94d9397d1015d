// A chain of element-wise operators between two quantizations is a function of 256 codes, so the executor replaces it
// by its table (exec/passes). One lookup takes the time of one memory access, whatever the functions were. The lookup
// over a dense tensor in whatever order it lies, in place.
#include <array>
#include <cstring>

#include "kernel/codes/affine_steps.hpp"
#include "kernel/ops/loop_step.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::native {
namespace {

class TableLookupOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (request.constants.size() != 2 || request.constants[1].is_empty()) return Support::no("no constant table");
        return request.is_fused() ? Support::no("the op fuses nothing") : Support::yes();
    }

    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        const Layout input = dense_layout(request.inputs[0].type, context.available, 0);
        const Layout output = with_dtype(input, request.outputs[0].type.dtype);
        // The table is copied into the step, where it lies next to what else the loop reads.
        std::array<std::byte, 256> table{};
        std::memcpy(table.data(), request.constants[1].view().data, table.size());
        const auto body = [table, count = input.bytes()](auto inputs, auto outputs) {
            codes::look_up(table.data(), inputs[0], count, outputs[0]);
        };
        return std::make_unique<LoopStep>(codes::table_implementation(), std::vector{input}, output, body, 0);
    }
};

}  // namespace

const FastOp& table_lookup_op() {
    static const TableLookupOp op;
    return op;
}

}  // namespace halftone::native
