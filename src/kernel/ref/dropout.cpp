// Training drops elements at random; a model that is run drops none.
// Inference only: the identity. Source: ONNX operator Dropout, opset 13.
#include <algorithm>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class DropoutOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 3);
        check_outputs(op, 2);
        if (op.has_input(2)) {
            check_dtype(op, 2, {DType::boolean});
            const Tensor& training = constant_input(op, 2, "training_mode");
            if (training.elements() != 1) refuse(op, "training_mode is not a scalar");
            if (training.view().data[0] != std::byte{0})
                refuse(op, "training_mode is true; only inference is supported");
        }
        std::vector<TensorType> types{op.inputs[0]};
        if (op.node.outputs.size() == 2) types.push_back({DType::boolean, op.inputs[0].shape});
        return types;
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        copy_bytes(inputs[0], outputs[0]);
        if (outputs.size() == 2) std::fill_n(outputs[1].data, outputs[1].bytes(), std::byte{1});  // nothing is dropped
    }
};

}  // namespace

const RefOp& dropout_op() {
    static const DropoutOp op;
    return op;
}

}  // namespace halftone::ref
