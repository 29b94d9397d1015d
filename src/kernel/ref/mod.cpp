// fmod is exact for floats: it computes the remainder without rounding.
// The remainder: with the divisor's sign (fmod 0, integers), or with the dividend's (fmod 1). By zero: 0 for integers.
// Source: ONNX operator Mod, opset 13; division by zero is ours.
#include <cmath>

#include "kernel/ref/lib/elementwise.hpp"

namespace halftone::ref {
namespace {

template <class T>
T remainder_of(T a, T b, bool is_fmod) {
    if constexpr (std::is_floating_point_v<T>) {
        const T rest = std::fmod(a, b);
        return !is_fmod && rest != T{0} && (rest < T{0}) != (b < T{0}) ? rest + b : rest;
    } else {
        if (b == T{0}) return T{0};
        if constexpr (std::is_signed_v<T>) {
            if (b == T{-1}) return T{0};
        }
        const T rest = static_cast<T>(a % b);
        return !is_fmod && rest != T{0} && (rest < T{0}) != (b < T{0}) ? static_cast<T>(rest + b) : rest;
    }
}

class ModOp final : public TypedBinaryOp<std::plus<>> {
public:
    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const bool is_fmod = int_attribute(op.node, "fmod", 0) != 0;
        run_binary(inputs, outputs[0], [is_fmod]<class T>(T a, T b) { return remainder_of(a, b, is_fmod); });
    }
};

}  // namespace

const RefOp& mod_op() {
    static const ModOp op;
    return op;
}

}  // namespace halftone::ref
