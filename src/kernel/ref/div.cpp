// The integer cases are tested before the division, because a processor traps on both.
// Integers are divided toward zero; by zero they give 0, and the least number by -1 itself, so that nothing traps.
// Source: ONNX operator Div, opset 14; the integer cases that it leaves open are ours.
#include "kernel/ref/lib/elementwise.hpp"

namespace halftone::ref {
namespace {

struct Divide {
    template <class T>
    T operator()(T a, T b) const {
        if constexpr (std::is_floating_point_v<T>) {
            return a / b;
        } else {
            if (b == T{0}) return T{0};
            if constexpr (std::is_signed_v<T>) {
                if (b == T{-1}) return wrapping(T{0}, a, std::minus<>());
            }
            return static_cast<T>(a / b);
        }
    }
};

}  // namespace

const RefOp& div_op() {
    static const TypedBinaryOp<Divide> op;
    return op;
}

}  // namespace halftone::ref
