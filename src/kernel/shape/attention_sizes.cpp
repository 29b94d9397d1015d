// The shape rule of ScaledAttention. `perm` of an operand says which dimension of the stored tensor stands at each
// place where the operator reads it, as Transpose has it.
#include "kernel/shape/attention_sizes.hpp"

#include <algorithm>
#include <string>

#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

using DimNumbers = std::vector<std::int64_t>;

/// A tensor as the operator reads it: dimensions, and the step of each in memory.
struct ReadOperand {
    DimNumbers dims;
    DimNumbers steps;
};

DimNumbers dense_steps(const DimNumbers& dims) {
    DimNumbers steps(dims.size(), 1);
    for (std::size_t d = dims.size(); d-- > 1;) steps[d - 1] = steps[d] * dims[d];
    return steps;
}

DimNumbers attention_perm(const OpContext& op, const char* name, std::size_t rank) {
    DimNumbers perm(rank);
    for (std::size_t d = 0; d < rank; ++d) perm[d] = static_cast<std::int64_t>(d);
    DimNumbers given = ints_attribute(op.node, name, perm);
    if (!std::is_permutation(given.begin(), given.end(), perm.begin(), perm.end()))
        refuse(op, std::string(name) + " " + text_of(given) + " is no permutation of the dimensions");
    return given;
}

ReadOperand read_operand(const OpContext& op, std::size_t input, const char* name) {
    const DimNumbers& dims = op.inputs[input].shape.dims();
    const DimNumbers steps = dense_steps(dims);
    ReadOperand read;
    for (const std::int64_t place : attention_perm(op, name, dims.size())) {
        read.dims.push_back(dims[static_cast<std::size_t>(place)]);
        read.steps.push_back(steps[static_cast<std::size_t>(place)]);
    }
    return read;
}

/// The mask with dimensions of 1 in front up to `scores`; a step is 0 where a dimension is repeated.
ReadOperand read_mask(const OpContext& op, const DimNumbers& scores) {
    ReadOperand read{scores, DimNumbers(scores.size(), 0)};
    if (!op.has_input(3)) return read;
    const DimNumbers& dims = op.inputs[3].shape.dims();
    if (dims.size() > scores.size()) refuse(op, "the mask has more dimensions than the scores");
    const DimNumbers steps = dense_steps(dims);
    for (std::size_t d = 0; d < dims.size(); ++d) {
        const std::size_t place = scores.size() - dims.size() + d;
        if (dims[d] != 1 && dims[d] != scores[place])
            refuse(op, "the mask " + op.inputs[3].shape.to_text() + " does not fit the scores");
        read.steps[place] = dims[d] == 1 ? 0 : steps[d];
    }
    return read;
}

/// The output as the operator writes it; `output` becomes its stored shape.
ReadOperand written_output(const OpContext& op, DimNumbers dims, Shape& output) {
    // y_perm is the perm of the Transpose behind: stored dimension d is dimension perm[d] of the product.
    const DimNumbers perm = attention_perm(op, "y_perm", dims.size());
    DimNumbers stored;
    for (const std::int64_t place : perm) stored.push_back(dims[static_cast<std::size_t>(place)]);
    const DimNumbers steps = dense_steps(stored);
    ReadOperand written{std::move(dims), DimNumbers(perm.size())};
    for (std::size_t d = 0; d < perm.size(); ++d) written.steps[static_cast<std::size_t>(perm[d])] = steps[d];
    output = Shape(std::move(stored));
    return written;
}

RowSteps row_steps(const ReadOperand& operand) {
    return {operand.steps[operand.steps.size() - 2], operand.steps[operand.steps.size() - 1]};
}

/// Every combination of the dimensions in front of the last two.
std::vector<AttentionHead> all_heads(const ReadOperand& q, const ReadOperand& k, const ReadOperand& v,
                                     const ReadOperand& mask, const ReadOperand& y) {
    const auto front = static_cast<std::ptrdiff_t>(q.dims.size()) - 2;
    std::int64_t count = 1;
    for (std::ptrdiff_t d = 0; d < front; ++d) count *= q.dims[static_cast<std::size_t>(d)];
    std::vector<AttentionHead> heads(static_cast<std::size_t>(count));
    for (std::int64_t h = 0; h < count; ++h) {
        AttentionHead& head = heads[static_cast<std::size_t>(h)];
        std::int64_t rest = h;
        for (auto d = static_cast<std::size_t>(front); d-- > 0;) {
            const std::int64_t place = rest % q.dims[d];
            rest /= q.dims[d];
            head.q += place * q.steps[d];
            head.k += place * k.steps[d];
            head.v += place * v.steps[d];
            head.mask += place * mask.steps[d];
            head.y += place * y.steps[d];
        }
    }
    return heads;
}

}  // namespace

AttentionSizes attention_sizes(const OpContext& op) {
    check_inputs(op, 3, 4);
    check_outputs(op, 1);
    for (std::size_t i = 0; i < 4; ++i) check_dtype(op, i, {DType::f32});
    const std::size_t rank = op.inputs[0].shape.rank();
    for (std::size_t i = 0; i < 3; ++i) check_rank(op, i, std::max<std::size_t>(rank, 2), rank);
    const ReadOperand q = read_operand(op, 0, "q_perm");
    const ReadOperand k = read_operand(op, 1, "k_perm");
    const ReadOperand v = read_operand(op, 2, "v_perm");
    for (std::size_t d = 0; d + 2 < rank; ++d) {
        if (k.dims[d] != q.dims[d] || v.dims[d] != q.dims[d]) refuse(op, "Q, K and V have different heads");
    }
    if (q.dims[rank - 1] != k.dims[rank - 1]) refuse(op, "queries and keys have different sizes");
    if (k.dims[rank - 2] != v.dims[rank - 2]) refuse(op, "there are not as many values as keys");
    AttentionSizes s{.rows = q.dims[rank - 2],
                     .keys = k.dims[rank - 2],
                     .inner = q.dims[rank - 1],
                     .width = v.dims[rank - 1],
                     .scale = float_attribute(op.node, "scale", 1.0F),
                     .has_mask = op.has_input(3)};
    DimNumbers scores = q.dims;
    scores[rank - 1] = s.keys;
    check_size(op, {DType::f32, Shape(scores)}, "the product of Q and K");
    const ReadOperand mask = read_mask(op, scores);
    DimNumbers dims = q.dims;
    dims[rank - 1] = s.width;
    const ReadOperand y = written_output(op, std::move(dims), s.output);
    s.q = row_steps(q);
    s.k = row_steps(k);
    s.v = row_steps(v);
    s.mask = row_steps(mask);
    s.y = row_steps(y);
    const auto is_symbolic = [](const OpContext& context, std::size_t i) {
        return context.has_input(i) && !context.inputs[i].shape.is_static();
    };
    for (std::size_t i = 0; i < 4; ++i) {
        if (is_symbolic(op, i)) return s;
    }
    s.heads = all_heads(q, k, v, mask, y);
    return s;
}

}  // namespace halftone::ref
