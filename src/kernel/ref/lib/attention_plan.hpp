#pragma once
// The sizes of an Attention node and where its operands lie.

#include "kernel/shape/rules.hpp"

namespace halftone::ref {

/// Where [batch, head, position, element] lies in a tensor of rank 4 (heads before positions) or 3 (behind them).
struct HeadLayout {
    std::int64_t heads = 0;
    std::int64_t length = 0;
    std::int64_t size = 0;
    bool has_heads_first = true;

    [[nodiscard]] std::int64_t at(std::int64_t batch, std::int64_t head, std::int64_t position) const {
        return has_heads_first ? ((batch * heads + head) * length + position) * size
                               : ((batch * length + position) * heads + head) * size;
    }
};

struct AttentionPlan {
    std::int64_t batch = 0;
    HeadLayout query;
    HeadLayout key;    ///< of input K, without the past
    HeadLayout value;  ///< of input V, without the past
    std::int64_t past = 0;
    std::int64_t total = 0;  ///< past and new keys
    double scale = 1;

    [[nodiscard]] Shape present_key() const { return {batch, key.heads, total, key.size}; }
    [[nodiscard]] Shape present_value() const { return {batch, value.heads, total, value.size}; }
    [[nodiscard]] Shape scores() const { return {batch, query.heads, query.length, total}; }
};

/// Checks inputs 0 to 5 and the attributes. @throws ModelError. Source: ONNX operator Attention, opset 23.
[[nodiscard]] AttentionPlan attention_plan(const OpContext& op);

}  // namespace halftone::ref
