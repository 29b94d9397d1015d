#pragma once
// RefOp: an ONNX operator as its shape rule and its plain loops, together in one file. The oracle for everything fast,
// the evaluator of constants, and the fallback of the executor. Adding an operator = one .cpp here + one line in
// list.inc (+ its test).

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "graph/op_library.hpp"
#include "kernel/ops/op.hpp"

namespace halftone {

class RefOp {
public:
    virtual ~RefOp() = default;
    /// See OpLibrary::infer.
    [[nodiscard]] virtual std::vector<TensorType> infer(const OpContext& op) const = 0;
    /// @pre infer() accepted it; `outputs` have its types, all static
    virtual void run(const OpContext& op, std::span<const TensorView> inputs,
                     std::span<const MutableView> outputs) const = 0;
    /// Can the executor run it with the clamp, residual or integer ports of this request? f32 without fusion: always.
    [[nodiscard]] virtual Support supports(const KernelRequest& request) const;
    /// Primitive for a request; the default wraps run() for unfused requests.
    [[nodiscard]] virtual std::unique_ptr<Primitive> build(const KernelRequest& request) const;
};

/// Null when unknown.
[[nodiscard]] const RefOp* find_ref_op(std::string_view type);

}  // namespace halftone
