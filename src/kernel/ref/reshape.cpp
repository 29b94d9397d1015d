// The same elements, in the same order, under another shape. The new shape must be known when the graph is built, or be
// computed from other shapes, so that it can carry the symbolic batch.
// Source: ONNX operator Reshape, opset 14 (allowzero; opset 13 is the same with allowzero 0).
#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {
namespace {

constexpr std::int64_t kInferred = -1;  // in the constant `shape`; in our shapes -1 is the symbolic batch

/// What the shape constant asks for: 0 copies a dimension of the input, -1 is inferred.
struct Wanted {
    std::vector<std::int64_t> dims;  ///< copied ones filled in
    std::size_t inferred;            ///< its place; dims.size() if none
};

/// Reads the shape constant: copies what 0 stands for, and remembers where -1 stands, which needs all the others.
Wanted wanted_dims(const OpContext& op, const std::vector<PartialInt>& shape) {
    const Shape& input = op.inputs[0].shape;
    const bool zero_copies = int_attribute(op.node, "allowzero", 0) == 0;
    Wanted wanted{.dims = {}, .inferred = shape.size()};
    for (const PartialInt& dim : shape) wanted.dims.push_back(dim.number);
    const std::vector<std::int64_t> asked = wanted.dims;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        if (shape[i].kind == PartialInt::Kind::batch) {
            wanted.dims[i] = kSymbolic;
        } else if (asked[i] == kInferred) {
            if (wanted.inferred != shape.size()) refuse(op, "shape has more than one -1");
            wanted.inferred = i;
            wanted.dims[i] = 1;
        } else if (asked[i] == 0 && zero_copies) {
            if (i >= input.rank()) refuse(op, "shape copies dimension " + std::to_string(i) + " of " + input.to_text());
            wanted.dims[i] = input[i];
        } else if (asked[i] < 0) {
            refuse(op, "shape has the dimension " + std::to_string(asked[i]));
        }
    }
    return wanted;
}

struct Count {
    std::int64_t known = 1;     ///< product of the known dimensions
    std::int64_t symbolic = 0;  ///< how many are the symbolic batch
};

Count count_of(const OpContext& op, const std::vector<std::int64_t>& dims) {
    Count count;
    for (const std::int64_t dim : dims) {
        if (dim == kSymbolic) {
            ++count.symbolic;
        } else if (__builtin_mul_overflow(count.known, dim, &count.known)) {
            refuse(op, "the product of " + text_of(dims) + " is above 2^63");
        }
    }
    return count;
}

class ReshapeOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        check_dtype(op, 1, {DType::s64});
        check_rank(op, 1, 1, 1);
        const std::vector<PartialInt> shape = shape_input(op, 1, "shape");
        const Shape& input = op.inputs[0].shape;
        Wanted wanted = wanted_dims(op, shape);
        const Count have = count_of(op, input.dims());
        const Count want = count_of(op, wanted.dims);
        const bool has_inferred = wanted.inferred != wanted.dims.size();

        bool fits = false;
        // Either the batch stands on both sides, and the rest must agree, or the inferred dimension is the batch.
        if (have.symbolic == want.symbolic) {
            fits = has_inferred ? want.known != 0 && have.known % want.known == 0 : have.known == want.known;
            if (fits && has_inferred) wanted.dims[wanted.inferred] = have.known / want.known;
        } else if (have.symbolic == want.symbolic + 1 && has_inferred) {
            fits = have.known == want.known;  // the inferred dimension is the batch itself, not a multiple of it
            wanted.dims[wanted.inferred] = kSymbolic;
        }
        if (!fits) refuse(op, "cannot reshape " + input.to_text() + " to " + asked_text(shape));
        return {{op.inputs[0].dtype, Shape(std::move(wanted.dims))}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        copy_bytes(inputs[0], outputs[0]);
    }

private:
    /// The constant as it stands, where -1 is "inferred", not N.
    static std::string asked_text(const std::vector<PartialInt>& shape) {
        std::string text = "[";
        for (const PartialInt& dim : shape) {
            const bool is_batch = dim.kind == PartialInt::Kind::batch;
            text += (text.size() > 1 ? "," : "") + (is_batch ? "N" : std::to_string(dim.number));
        }
        return text + "]";
    }
};

}  // namespace

const RefOp& reshape_op() {
    static const ReshapeOp op;
    return op;
}

}  // namespace halftone::ref
