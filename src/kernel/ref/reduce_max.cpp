// NaN if one is. Of nothing: the least value of the type. Source: ONNX operator ReduceMax, opset 20.
#include "kernel/ref/lib/reduce.hpp"

namespace halftone::ref {
namespace {

struct ReduceMaxBetter {
    template <class T>
    T operator()(T a, T b) const {
        return a != a || a > b ? a : b;
    }
    template <class T>
    static T start() {
        using Limits = std::numeric_limits<T>;
        if constexpr (Limits::has_infinity) return -Limits::infinity();
        return Limits::lowest();
    }
};

}  // namespace

const RefOp& reduce_max_op() {
    static const ReduceExtremeOp<ReduceMaxBetter> op;
    return op;
}

}  // namespace halftone::ref
