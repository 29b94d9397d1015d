// start, start + delta, … as long as limit is not reached. The number of elements is computed in double from the three
// scalars, and every element from its own index, so that errors do not add up. Source: ONNX operator Range, opset 11.
#include <algorithm>
#include <cmath>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {
namespace {

template <class T>
std::int64_t count_of(const OpContext& op, T start, T limit, T delta) {
    // A delta of 0 would never reach the limit.
    if (delta == T{0}) refuse(op, "delta is 0");
    const double count =
        std::ceil((static_cast<double>(limit) - static_cast<double>(start)) / static_cast<double>(delta));
    // Written so that a NaN from infinite bounds is refused, too.
    if (!(count < static_cast<double>(kMaxElements))) refuse(op, "has more than 2^31 elements");
    return std::max<std::int64_t>(static_cast<std::int64_t>(count), 0);
}

class RangeOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 3, 3);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::f32, DType::f64, DType::s32, DType::s64});
        for (std::size_t i = 0; i < 3; ++i) {
            check_same_dtype(op, i, 0);
            if (op.inputs[i].shape != Shape{} && op.inputs[i].shape != Shape{1})
                refuse(op, "input " + std::to_string(i) + " is not a scalar");
        }
        // 0 … batch - 1 is how exporters number the samples of a batch.
        if (is_whole_batch(op)) return {{op.inputs[0].dtype, Shape{kSymbolic}}};
        std::int64_t count = 0;
        with_number(op.inputs[0].dtype, [&]<class T>(T) {
            count = count_of(op, constant_input(op, 0, "start").as<T>()[0], constant_input(op, 1, "limit").as<T>()[0],
                             constant_input(op, 2, "delta").as<T>()[0]);
        });
        return {{op.inputs[0].dtype, Shape{count}}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        with_number(inputs[0].type.dtype, [&]<class T>(T) {
            const T start = inputs[0].as<T>()[0];
            const T delta = inputs[2].as<T>()[0];
            const auto y = outputs[0].as<T>();
            for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<T>(start + static_cast<T>(i) * delta);
        });
    }

private:
    /// 0 … batch-1.
    static bool is_whole_batch(const OpContext& op) {
        const PartialInts* limit = op.constants[1] == nullptr ? op.partial(1) : nullptr;
        if (limit == nullptr || (*limit)[0].kind != PartialInt::Kind::batch || op.constants[0] == nullptr ||
            op.constants[2] == nullptr)
            return false;
        const auto is = [&](std::size_t i, std::int64_t number) {
            const std::vector<std::int64_t> value = number_input(op, i, "start");
            return value[0] == number;
        };
        return is(0, 0) && is(2, 1);
    }
};

}  // namespace

const RefOp& range_op() {
    static const RangeOp op;
    return op;
}

}  // namespace halftone::ref
