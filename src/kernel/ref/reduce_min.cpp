// NaN if one is. Of nothing: the largest value of the type. Source: ONNX operator ReduceMin, opset 20.
#include "kernel/ref/lib/reduce.hpp"

namespace halftone::ref {
namespace {

struct ReduceMinBetter {
    template <class T>
    T operator()(T a, T b) const {
        return a != a || a < b ? a : b;
    }
    template <class T>
    static T start() {
        using Limits = std::numeric_limits<T>;
        if constexpr (Limits::has_infinity) return Limits::infinity();
        return Limits::max();
    }
};

}  // namespace

const RefOp& reduce_min_op() {
    static const ReduceExtremeOp<ReduceMinBetter> op;
    return op;
}

}  // namespace halftone::ref
