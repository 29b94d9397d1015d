#pragma once
// Integer inputs that decide a shape: constants, or computed from the shapes of others, where an element may be the
// symbolic batch.

#include <optional>
#include <vector>

#include "kernel/shape/rules.hpp"

namespace halftone::ref {

/// The elements of integer input `input` (int64 or int32). @throws ModelError when it is not known, or an element is
/// not
[[nodiscard]] std::vector<PartialInt> shape_input(const OpContext& op, std::size_t input, const char* name);
/// The same, where the batch is not allowed either: "the input 'repeats' must be a constant".
[[nodiscard]] std::vector<std::int64_t> number_input(const OpContext& op, std::size_t input, const char* name);
/// A dimension of our shapes: the batch is kSymbolic. Refused: negative numbers.
[[nodiscard]] Shape shape_from(const OpContext& op, const std::vector<PartialInt>& dims);

}  // namespace halftone::ref
