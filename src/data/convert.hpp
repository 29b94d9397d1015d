#pragma once
// Element types of samples turned into others, for transforms and for the inputs of models.

#include <span>

#include "tensor/tensor.hpp"

namespace halftone {

/// Returns whether write_floats knows the type: every one but bfloat16.
[[nodiscard]] bool is_convertible(DType dtype);

/// out[i] = float(values[i]), rounded to nearest even. @pre is_convertible, equal element counts
void write_floats(TensorView values, std::span<float> out);

[[nodiscard]] Tensor to_floats(const Tensor& values);

/// Returns the values as elements of another type: fp32, uint8, int8, int32, int64 or bool. Fractions are cut towards
/// zero, what lies outside the type becomes its nearest value, NaN becomes 0, and as bool everything but 0 is true.
[[nodiscard]] Tensor cast_values(const Tensor& values, DType dtype);

/// Returns whether a value of type `from` may feed an input of type `to`: types that are equal, any number to fp32, and
/// integers and bool to one another. A fraction never becomes an integer by itself: the transform Cast does that.
[[nodiscard]] bool can_feed(DType from, DType to);

/// Returns whether fractions of this type may be cut to feed an input of type `to`, where the framework does so
/// (Pipeline::cuts_fractions): real values to uint8, for pictures.
[[nodiscard]] bool can_cut(DType from, DType to);

/// Writes the values as elements of the other type. Fractions are cut towards zero.
/// @pre can_feed or can_cut, equal element counts
/// @throws DataError when a number does not fit the other type, with the value
void feed_values(TensorView values, MutableView out);

}  // namespace halftone
