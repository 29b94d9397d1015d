// The sign of x as a number of the same type: -1, 0 or 1, and NaN for NaN, as NumPy and ONNX Runtime have it.
// Source: ONNX operator Sign, opset 13.
#include <cmath>
#include <type_traits>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Sign {
    template <class T>
    T operator()(T x) const {
        if constexpr (std::is_floating_point_v<T>) {
            if (std::isnan(x)) return x;
        }
        return static_cast<T>(static_cast<int>(x > T{0}) - static_cast<int>(x < T{0}));
    }
};

}  // namespace

const RefOp& sign_op() {
    static const NumberUnaryOp<Sign> op;
    return op;
}

}  // namespace halftone::ref
