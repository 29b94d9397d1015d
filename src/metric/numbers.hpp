#pragma once
// The elements of outputs and targets as numbers, whatever their element type.

#include <cstdint>
#include <string>
#include <vector>

#include "tensor/field.hpp"

namespace halftone {

/// Returns all elements as doubles, in row-major order. Integers above 2^53 lose their last bits.
[[nodiscard]] std::vector<double> to_numbers(TensorView view);

/// Returns the numbers of a target. @throws DataError, naming the sample, if it is a text
[[nodiscard]] TensorView number_view(const FieldValue& target, std::int64_t sample);

/// Returns whether the elements are integers or truth values.
[[nodiscard]] bool is_integer(DType dtype);

/// Returns the class that a target names: an integer, or a floating-point number that is one.
/// @throws DataError, naming the sample, for a fraction or a NaN
[[nodiscard]] std::int64_t to_class(double number, std::int64_t sample);

/// @throws DataError, naming the sample, if the label is none of the classes 0 … classes - 1
void require_class(std::int64_t label, std::int64_t classes, std::int64_t sample);

/// Returns the dimensions without those of size 1, which say nothing about how elements are arranged.
[[nodiscard]] Shape squeezed(const Shape& shape);

/// Returns whether tensors of these shapes can hold the same elements, apart from dimensions of size 1. An open
/// dimension (kSymbolic) fits every size.
[[nodiscard]] bool may_be_alike(const Shape& a, const Shape& b);

/// Returns the index of the largest of `count` numbers, of which the i-th is values[first + i * step]. Of equal numbers
/// the lowest index wins; NaN ranks below every number. @pre count > 0
[[nodiscard]] std::int64_t arg_max(const std::vector<double>& values, std::size_t first, std::size_t step,
                                   std::size_t count);

/// Returns the index of the largest number along one dimension of a row-major tensor, for each position in the others.
/// @pre values has shape.elements() numbers, at least one
[[nodiscard]] std::vector<std::int64_t> arg_max_along(const std::vector<double>& values, const Shape& shape,
                                                      std::size_t axis);

}  // namespace halftone
