// y = table[x] of 8-bit codes: an operator of ours, which no file can name. Input 1 has 256 entries, by the bits of x.
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class TableLookupOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::u8, DType::s8});
        check_dtype(op, 1, {DType::u8, DType::s8});
        if (op.inputs[1].shape != Shape{256}) refuse(op, "its table does not have 256 entries");
        return {{op.inputs[1].dtype, op.inputs[0].shape}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const std::size_t count = inputs[0].bytes();
        for (std::size_t i = 0; i < count; ++i) {
            outputs[0].data[i] = inputs[1].data[static_cast<std::size_t>(inputs[0].data[i])];
        }
    }
};

}  // namespace

const RefOp& table_lookup_op() {
    static const TableLookupOp op;
    return op;
}

}  // namespace halftone::ref
