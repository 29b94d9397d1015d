#pragma once
// Windows that weigh the ends of a signal less than its middle: sums of cosines over one period.

#include <array>
#include <cmath>
#include <numbers>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {

/// w[i] = a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n), where n is the size; one less for a window that is symmetric
/// and not periodic. A symmetric window of one element is 1.
class CosineWindowOp final : public RefOp {
public:
    explicit CosineWindowOp(std::array<double, 3> factors) : factors_(factors) {}

    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        const std::vector<std::int64_t> size = number_input(op, 0, "size");
        if (size.size() != 1 || size[0] < 0) refuse(op, "size " + text_of(size) + " is no length");
        constexpr std::int64_t kFloat = 1, kDouble = 11;  // ONNX's numbers of the types
        const std::int64_t type = int_attribute(op.node, "output_datatype", kFloat);
        if (type != kFloat && type != kDouble)
            refuse(op, "output_datatype " + std::to_string(type) + " is not supported");
        return {{type == kFloat ? DType::f32 : DType::f64, Shape{size[0]}}};
    }

    void run(const OpContext& op, std::span<const TensorView>, std::span<const MutableView> outputs) const override {
        const std::int64_t size = outputs[0].elements();
        const std::int64_t period = int_attribute(op.node, "periodic", 1) != 0 ? size : size - 1;
        const auto fill = [&]<class T>(T) {
            const auto y = outputs[0].as<T>();
            for (std::size_t i = 0; i < y.size(); ++i) {
                const double angle = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(period);
                const double value = factors_[0] - factors_[1] * std::cos(angle) + factors_[2] * std::cos(2 * angle);
                y[i] = period == 0 ? T{1} : static_cast<T>(value);
            }
        };
        if (outputs[0].type.dtype == DType::f32) return fill(float{});
        fill(double{});
    }

private:
    std::array<double, 3> factors_;
};

}  // namespace halftone::ref
