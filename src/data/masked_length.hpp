#pragma once
// Samples whose lists are padded, with a mask that says where: how long they are, and the lists without the padding.

#include <cstdint>

#include "tensor/tensor.hpp"

namespace halftone {

/// Returns how many elements of a list stay when the zeros at the end of its mask are left out, at least 1: a zero
/// between tokens is the author's, and no model takes an empty list. @pre is_convertible(mask.dtype())
[[nodiscard]] std::int64_t masked_length(const Tensor& mask);

/// Returns the first `count` rows of a value. @pre its first dimension has so many
[[nodiscard]] Tensor first_rows(const Tensor& values, std::int64_t count);

}  // namespace halftone
