#pragma once
// Reductions over axes: one rule, one loop. Each operator's file gives only how it accumulates.

#include <limits>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/axes.hpp"

namespace halftone::ref {

/// The rule of all Reduce* operators.
class ReduceRule : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 2);
        check_outputs(op, 1);
        check_dtype(op, 0, kNumbersAndBool);
        const std::vector<bool> reduced = reduced_dims(op);
        const Shape& shape = op.inputs[0].shape;
        for (std::size_t d = 0; d < shape.rank(); ++d) {
            if (reduced[d] && shape[d] == kSymbolic) refuse(op, "cannot reduce over the symbolic batch");
        }
        return {{op.inputs[0].dtype, reduced_shape(shape, reduced, int_attribute(op.node, "keepdims", 1) != 0)}};
    }

protected:
    [[nodiscard]] static std::vector<bool> reduced_dims(const OpContext& op) {
        const std::size_t rank = op.inputs[0].shape.rank();
        const Axes axes = axes_of(op, 1, rank);
        const bool is_identity = !axes.is_given && int_attribute(op.node, "noop_with_empty_axes", 0) != 0;
        std::vector<bool> reduced(rank, !axes.is_given && !is_identity);
        for (const std::size_t place : axes.places) reduced[place] = true;
        return reduced;
    }
};

/// Accumulator: add(double), value(count). Integers are exact up to 2^53.
template <class Accumulator>
class ReduceOp final : public ReduceRule {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_dtype(op, 0, kNumbers);
        return ReduceRule::infer(op);
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Reduction places = reduction(inputs[0].type.shape, reduced_dims(op));
        const auto count = static_cast<std::int64_t>(places.offsets.size());
        with_number(inputs[0].type.dtype, [&]<class T>(T) {
            const T* x = inputs[0].as<T>().data();
            T* y = outputs[0].as<T>().data();
            for (const std::int64_t base : places.bases) {
                Accumulator accumulator;
                for (const std::int64_t offset : places.offsets) accumulator.add(static_cast<double>(x[base + offset]));
                *y++ = saturated<T>(accumulator.value(count));
            }
        });
    }
};

/// Better: the better of two, and start<T>(), which every value beats.
template <class Better>
class ReduceExtremeOp final : public ReduceRule {
public:
    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Reduction places = reduction(inputs[0].type.shape, reduced_dims(op));
        const bool is_bool = inputs[0].type.dtype == DType::boolean;
        with_number(is_bool ? DType::u8 : inputs[0].type.dtype, [&]<class T>(T) {
            const T* x = inputs[0].as<T>().data();
            T* y = outputs[0].as<T>().data();
            for (const std::int64_t base : places.bases) {
                T best = Better::template start<T>();
                for (const std::int64_t offset : places.offsets) best = Better{}(x[base + offset], best);
                *y++ = is_bool && best != T{0} ? T{1} : best;
            }
        });
    }
};

}  // namespace halftone::ref
