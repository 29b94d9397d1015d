// The exponent is often a constant 2 or 0.5: LayerNormalization, before it was an operator, was written so.
// Base and exponent may have different types; the result has the base's. Computed in double; integers to integer powers
// by repeated multiplication, which wraps. Source: ONNX operator Pow, opset 15.
#include <cmath>

#include "kernel/ref/lib/elementwise.hpp"

namespace halftone::ref {
namespace {

template <class T, class E>
T power(T base, E exponent) {
    if constexpr (std::is_integral_v<T> && std::is_integral_v<E>) {
        // 1 / base^n of integers is 0, but for base 1.
        if (exponent < E{0}) return base == T{1} ? T{1} : T{0};
        T result{1};
        auto rest = static_cast<std::uint64_t>(static_cast<std::int64_t>(exponent));
        // Squaring and multiplying: as many steps as the exponent has bits.
        for (T square = base; rest != 0; rest >>= 1U, square = wrapping(square, square, std::multiplies<>())) {
            if ((rest & 1U) != 0) result = wrapping(result, square, std::multiplies<>());
        }
        return result;
    } else {
        // Out of range is defined here: it ends at the type's border.
        return saturated<T>(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
    }
}

class PowOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        check_dtype(op, 0, kNumbers);
        check_dtype(op, 1, kNumbers);
        return {{op.inputs[0].dtype, broadcast(op, op.inputs[0].shape, op.inputs[1].shape)}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        if (outputs[0].elements() == 0) return;
        const BroadcastWalk walk = broadcast_walk(inputs[0].type.shape, inputs[1].type.shape, outputs[0].type.shape);
        with_number(inputs[0].type.dtype, [&]<class T>(T) {
            with_number(inputs[1].type.dtype, [&]<class E>(E) {
                walk_pairs(walk, inputs[0].as<T>().data(), inputs[1].as<E>().data(), outputs[0].as<T>().data(),
                           power<T, E>);
            });
        });
    }
};

}  // namespace

const RefOp& pow_op() {
    static const PowOp op;
    return op;
}

}  // namespace halftone::ref
