// The absolute value; the least signed integer stays as it is. Source: ONNX operator Abs, opset 13.
#include <functional>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Abs {
    template <class T>
    T operator()(T x) const {
        // -128 stays -128: two's complement has no 128 there.
        return x < T{0} ? wrapping(T{0}, x, std::minus<>()) : (x == T{0} ? T{0} : x);
    }
};

}  // namespace

const RefOp& abs_op() {
    static const NumberUnaryOp<Abs> op;
    return op;
}

}  // namespace halftone::ref
