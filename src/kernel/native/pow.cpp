// Of two tensors, or of a constant base. A constant exponent is left to oneDNN, which has squares and roots of their
// own. Source: ONNX operator Pow, opset 15. The loops are in lib/elementwise_rows.
#include "kernel/native/lib/elementwise.hpp"

namespace halftone::native {
namespace {

class PowOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        const bool has_constant = request.constants.size() > 1 && !request.constants[1].is_empty();
        if (has_constant && request.constants[1].elements() == 1) return Support::no("the exponent is one constant");
        return check_elementwise(Function::power, request);
    }

    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return build_elementwise(Function::power, request, context);
    }
};

}  // namespace

const FastOp& pow_op() {
    static const PowOp op;
    return op;
}

}  // namespace halftone::native
