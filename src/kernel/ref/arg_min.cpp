// The first (or last, select_last_index) place of the least value. Source: ONNX operator ArgMin, opset 13.
#include "kernel/ref/lib/arg_extreme.hpp"

namespace halftone::ref {
namespace {

struct ArgMinBetter {
    template <class T>
    bool operator()(T a, T b) const {
        return a < b;
    }
};

}  // namespace

const RefOp& arg_min_op() {
    static const ArgExtremeOp<ArgMinBetter> op;
    return op;
}

}  // namespace halftone::ref
