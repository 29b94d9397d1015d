// Whether there is a value: true for every tensor, false where the input is left out. Optional types are not supported,
// so the graph alone tells it. Source: ONNX operator OptionalHasElement, opset 18.
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class OptionalHasElementOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 0, 1);
        check_outputs(op, 1);
        return {{DType::boolean, Shape{}}};
    }

    void run(const OpContext& op, std::span<const TensorView>, std::span<const MutableView> outputs) const override {
        outputs[0].as<std::uint8_t>()[0] = op.has_input(0) ? 1 : 0;
    }
};

}  // namespace

const RefOp& optional_has_element_op() {
    static const OptionalHasElementOp op;
    return op;
}

}  // namespace halftone::ref
