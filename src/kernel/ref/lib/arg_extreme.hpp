#pragma once
// ArgMax and ArgMin: the place of the best value along one axis.

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/axes.hpp"

namespace halftone::ref {

template <class Better>
class ArgExtremeOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, kNumbers);
        const std::vector<bool> reduced = reduced_dims(op);
        const Shape& shape = op.inputs[0].shape;
        for (std::size_t d = 0; d < shape.rank(); ++d) {
            if (!reduced[d]) continue;
            if (shape[d] == kSymbolic) refuse(op, "cannot run along the symbolic batch");
            if (shape[d] == 0) refuse(op, "an empty axis has no best place");
        }
        return {{DType::s64, reduced_shape(shape, reduced, int_attribute(op.node, "keepdims", 1) != 0)}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Reduction places = reduction(inputs[0].type.shape, reduced_dims(op));
        const bool takes_last = int_attribute(op.node, "select_last_index", 0) != 0;
        with_number(inputs[0].type.dtype, [&]<class T>(T) {
            const T* x = inputs[0].as<T>().data();
            auto y = outputs[0].as<std::int64_t>().begin();
            for (const std::int64_t base : places.bases) {
                std::size_t best = 0;
                for (std::size_t i = 1; i < places.offsets.size(); ++i) {
                    const T value = x[base + places.offsets[i]];
                    const T kept = x[base + places.offsets[best]];
                    if (Better{}(value, kept) || (takes_last && value == kept)) best = i;
                }
                *y++ = static_cast<std::int64_t>(best);
            }
        });
    }

private:
    [[nodiscard]] static std::vector<bool> reduced_dims(const OpContext& op) {
        const std::size_t rank = op.inputs[0].shape.rank();
        std::vector<bool> reduced(rank, false);
        reduced[normal_axis(op, int_attribute(op.node, "axis", 0), rank)] = true;
        return reduced;
    }
};

}  // namespace halftone::ref
