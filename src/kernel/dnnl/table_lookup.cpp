// The lookup over a dense tensor in whatever order it lies, in place.
#include <array>
#include <cstring>

#include "kernel/dnnl/common_fusion.hpp"
#include "kernel/dnnl/common_layout.hpp"
#include "kernel/dnnl/common_step.hpp"
#include "kernel/dnnl/dnnl_ops.hpp"

namespace halftone::onednn {
namespace {

class TableLookupOp final : public DnnlOp {
public:
    std::string_view type() const override { return "TableLookup"; }

    Support accepts(const KernelRequest& request) const override {
        if (request.constants.size() != 2 || request.constants[1].is_empty()) return Support::no("no constant table");
        return check_unfused(request);
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        const Layout input = dense_layout(request.inputs[0].type, context.available, 0);
        const Layout output = with_dtype(input, request.outputs[0].type.dtype);
        std::array<std::byte, 256> table{};
        std::memcpy(table.data(), request.constants[1].view().data, table.size());
        const auto body = [table, count = input.bytes()](auto inputs, auto outputs) {
            const std::byte* x = inputs[0];
            std::byte* y = outputs[0];
            for (std::size_t i = 0; i < count; ++i) y[i] = table[static_cast<std::size_t>(x[i])];
        };
        return std::make_unique<LoopStep>("table", std::vector{input}, output, body, 0);
    }

protected:
    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }
};

}  // namespace

const DnnlOp& table_lookup_op() {
    static const TableLookupOp op;
    return op;
}

}  // namespace halftone::onednn
