#pragma once
// The tables of operators, one for each backend.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/ops/op.hpp"

namespace halftone {

/// Plain loops, oneDNN, and kernels of our own where those are measured to be faster.
enum class Backend { ref, dnnl, native };

/// The backends that may run a step, best first: all of them for dnnl and native, ref alone for ref.
[[nodiscard]] std::span<const Backend> backends_in_order(Backend wanted);
/// Null when that backend has no such op.
[[nodiscard]] const Op* find_op(Backend backend, std::string_view op_type);
[[nodiscard]] std::vector<std::string> op_types(Backend backend);

}  // namespace halftone
