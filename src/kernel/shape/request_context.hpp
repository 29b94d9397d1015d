#pragma once
// A KernelRequest seen as the shape rules and run() see a node: types and constants by input number.

#include <span>
#include <vector>

#include "graph/op_library.hpp"
#include "kernel/ops/op.hpp"

namespace halftone::ref {

/// What the rules are to see of integer ports and weights.
enum class SeenAs {
    stored,  ///< their own dtype
    real     ///< f32, which is what they mean
};

/// Owns what its OpContext refers to, so it can live on in a primitive. Not movable for that reason.
class RequestContext {
public:
    RequestContext(const KernelRequest& request, SeenAs seen_as);
    RequestContext(const RequestContext&) = delete;
    RequestContext& operator=(const RequestContext&) = delete;

    [[nodiscard]] const OpContext& op() const { return op_; }
    /// Views by input number: constants as they are, data inputs from `data` in order.
    [[nodiscard]] std::vector<TensorView> views(std::span<const std::byte* const> data) const;

private:
    Node node_;
    std::vector<Tensor> constants_;  ///< by input number, empty where data
    std::vector<TensorType> stored_;
    OpContext op_;
};

/// Does the operator's shape rule accept the request and give its outputs' types? The reason is the rule's message.
[[nodiscard]] Support rule_accepts(const KernelRequest& request, SeenAs seen_as);

}  // namespace halftone::ref
