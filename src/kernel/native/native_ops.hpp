#pragma once
// The table of operators with kernels of our own, for kernel/op.cpp. Adding one = one .cpp here that defines
// `const NativeOp& native::<name>_op()` + one line in list.inc (+ its test and its line in the benchmark).

#include <string>
#include <string_view>
#include <vector>

#include "kernel/op.hpp"
#include "kernel/ref/common_request.hpp"

namespace halftone {

class NativeOp : public Op {
public:
    [[nodiscard]] virtual std::string_view type() const = 0;  ///< ONNX op type
    /// What the operator's shape rule (kernel/ref) refuses, then what no kernel here does, or not faster than oneDNN.
    [[nodiscard]] Support supports(const KernelRequest& request) const final;

protected:
    /// @pre the shape rule accepted the request
    [[nodiscard]] virtual Support accepts(const KernelRequest& request) const = 0;
    /// How the shape rule is to see codes; as they are stored only where the op makes or takes codes itself.
    [[nodiscard]] virtual ref::SeenAs seen_as() const { return ref::SeenAs::real; }
};

/// Null when there is no such operator here.
[[nodiscard]] const Op* find_native_op(std::string_view type);
/// In the order of list.inc.
[[nodiscard]] std::vector<std::string> native_op_types();

}  // namespace halftone
