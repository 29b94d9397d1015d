// The lookup over a dense tensor in whatever order it lies, in place.
#include <array>
#include <cstring>

#include "kernel/loop_step.hpp"
#include "kernel/native/common_codes.hpp"
#include "kernel/native/native_ops.hpp"

namespace halftone::native {
namespace {

class TableLookupOp final : public NativeOp {
public:
    std::string_view type() const override { return "TableLookup"; }

    Support accepts(const KernelRequest& request) const override {
        if (request.constants.size() != 2 || request.constants[1].is_empty()) return Support::no("no constant table");
        return request.is_fused() ? Support::no("the op fuses nothing") : Support::yes();
    }

    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        const Layout input = dense_layout(request.inputs[0].type, context.available, 0);
        const Layout output = with_dtype(input, request.outputs[0].type.dtype);
        std::array<std::byte, 256> table{};
        std::memcpy(table.data(), request.constants[1].view().data, table.size());
        const bool is_fast = has_avx512_vbmi();
        const auto body = [table, is_fast, count = input.bytes()](auto inputs, auto outputs) {
            if (is_fast) return look_up_avx512_vbmi(table.data(), inputs[0], count, outputs[0]);
            for (std::size_t i = 0; i < count; ++i) outputs[0][i] = table[static_cast<std::size_t>(inputs[0][i])];
        };
        return std::make_unique<LoopStep>(is_fast ? "native_table:avx512_vbmi" : "table", std::vector{input}, output,
                                          body, 0);
    }
};

}  // namespace

const NativeOp& table_lookup_op() {
    static const TableLookupOp op;
    return op;
}

}  // namespace halftone::native
