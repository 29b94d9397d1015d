#pragma once
// Unary element-wise operators: one loop, one rule. Each operator's file gives only its function.

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {

/// y = Function(node)(x) of real numbers, computed in double and rounded once. Function is made from the node, whose
/// attributes it reads, and is a double(double).
template <class Function>
class RealUnaryOp : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, kReals);
        (void)Function(op.node);  // refuses attributes that it cannot read
        return {op.inputs[0]};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Function function(op.node);
        const auto apply = [&]<class T>(T) {
            const auto x = inputs[0].as<T>();
            const auto y = outputs[0].as<T>();
            for (std::size_t i = 0; i < x.size(); ++i) y[i] = static_cast<T>(function(static_cast<double>(x[i])));
        };
        if (inputs[0].type.dtype == DType::f32) return apply(float{});
        apply(double{});
    }
};

/// y = Function{}(x) of any number type, in that type.
template <class Function>
class NumberUnaryOp : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, kNumbers);
        return {op.inputs[0]};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        with_number(inputs[0].type.dtype, [&]<class T>(T) {
            const auto x = inputs[0].as<T>();
            const auto y = outputs[0].as<T>();
            for (std::size_t i = 0; i < x.size(); ++i) y[i] = Function{}(x[i]);
        });
    }
};

/// An attribute that is a float, as double.
inline double real_attribute(const Node& node, const char* name, float fallback) {
    return static_cast<double>(float_attribute(node, name, fallback));
}

}  // namespace halftone::ref
