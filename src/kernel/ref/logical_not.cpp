// y = !x of bools. Its file is not called not.cpp because that is a C++ keyword.
// Source: ONNX operator Not, opset 1.
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class NotOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::boolean});
        return {op.inputs[0]};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const auto x = inputs[0].as<std::uint8_t>();
        const auto y = outputs[0].as<std::uint8_t>();
        for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] == 0 ? 1 : 0;
    }
};

}  // namespace

const RefOp& logical_not_op() {
    static const NotOp op;
    return op;
}

}  // namespace halftone::ref
