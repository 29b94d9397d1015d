// The product; 1 over nothing.
// In double, in memory order. Source: ONNX operator ReduceProd, opset 18 (13 with the attribute axes).
#include "kernel/ref/lib/reduce.hpp"

namespace halftone::ref {
namespace {

struct ReduceProdAccumulator {
    double product = 1;
    void add(double x) { product *= x; }
    double value(std::int64_t) const { return product; }
};

}  // namespace

const RefOp& reduce_prod_op() {
    static const ReduceOp<ReduceProdAccumulator> op;
    return op;
}

}  // namespace halftone::ref
