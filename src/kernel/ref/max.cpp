// a != a is true for NaN only. The test comes first, so that a NaN on the left wins, and one on the right by a > b
// being false. The largest of all inputs; NaN if one is. Source: ONNX operator Max, opset 13.
#include "kernel/ref/lib/variadic.hpp"

namespace halftone::ref {
namespace {

struct Max {
    template <class T>
    T operator()(T a, T b) const {
        return a != a || a > b ? a : b;
    }
};

}  // namespace

const RefOp& max_op() {
    static const VariadicOp<Max, /*Wraps=*/false> op(kNumbers);
    return op;
}

}  // namespace halftone::ref
