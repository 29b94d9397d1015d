// Two comparisons, so that NaN gives 0 and no branch is taken.
// The sign of x as a number of the same type.
// -1, 0 or 1. Source: ONNX operator Sign, opset 13.
#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Sign {
    template <class T>
    T operator()(T x) const {
        return static_cast<T>(static_cast<int>(x > T{0}) - static_cast<int>(x < T{0}));
    }
};

}  // namespace

const RefOp& sign_op() {
    static const NumberUnaryOp<Sign> op;
    return op;
}

}  // namespace halftone::ref
