// The first (or last, select_last_index) place of the largest value. Source: ONNX operator ArgMax, opset 13.
#include "kernel/ref/lib/arg_extreme.hpp"

namespace halftone::ref {
namespace {

struct ArgMaxBetter {
    template <class T>
    bool operator()(T a, T b) const {
        return a > b;
    }
};

}  // namespace

const RefOp& arg_max_op() {
    static const ArgExtremeOp<ArgMaxBetter> op;
    return op;
}

}  // namespace halftone::ref
