#pragma once
// The table of oneDNN operators, for kernel/op.cpp. Adding an operator = one .cpp here that defines
// `const DnnlOp& onednn::<name>_op()` + one line in list.inc (+ its test). Helpers live in common_* files.

#include <string>
#include <string_view>
#include <vector>

#include "kernel/op.hpp"
#include "kernel/ref/common_request.hpp"

namespace halftone {

class DnnlOp : public Op {
public:
    [[nodiscard]] virtual std::string_view type() const = 0;  ///< ONNX op type
    /// What the operator's shape rule (kernel/ref) refuses, then what oneDNN does not do.
    [[nodiscard]] Support supports(const KernelRequest& request) const final;

protected:
    /// @pre the shape rule accepted the request
    [[nodiscard]] virtual Support accepts(const KernelRequest& request) const = 0;
    /// How the shape rule is to see codes; as they are stored only where the op makes or takes codes itself.
    [[nodiscard]] virtual ref::SeenAs seen_as() const { return ref::SeenAs::real; }
};

/// Null when oneDNN has no such operator.
[[nodiscard]] const Op* find_dnnl_op(std::string_view type);
/// In the order of list.inc.
[[nodiscard]] std::vector<std::string> dnnl_op_types();

}  // namespace halftone
