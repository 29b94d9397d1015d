// Integers are negated in unsigned arithmetic, where the least number wraps to itself instead of being undefined.
// The least signed integer stays as it is. Source: ONNX operator Neg, opset 13.
#include <functional>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Neg {
    template <class T>
    T operator()(T x) const {
        if constexpr (std::is_floating_point_v<T>) return -x;
        return wrapping(T{0}, x, std::minus<>());
    }
};

}  // namespace

const RefOp& neg_op() {
    static const NumberUnaryOp<Neg> op;
    return op;
}

}  // namespace halftone::ref
