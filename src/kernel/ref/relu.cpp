// y = max(x, 0). It is written as a comparison that lets NaN pass, because max() of two floats may drop it.
// Source: ONNX operator Relu, opset 14. NaN stays NaN.
#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Relu {
    template <class T>
    T operator()(T x) const {
        return x < T{0} ? T{0} : x;
    }
};

}  // namespace

const RefOp& relu_op() {
    static const NumberUnaryOp<Relu> op;
    return op;
}

}  // namespace halftone::ref
