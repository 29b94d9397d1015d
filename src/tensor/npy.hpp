#pragma once
// NumPy's .npy files, formats 1.0 to 3.0, little-endian, C order.
// Source: numpy.lib.format documentation, "Format Version 1.0".

#include <string>
#include <string_view>

#include "tensor/tensor.hpp"

namespace halftone {

/// Bytes of a .npy file. f32, f64, s8, u8, s32, s64 and boolean. @pre the dtype is one of these
[[nodiscard]] std::string to_npy(TensorView tensor);

/// The array in the bytes of a .npy file; `name` is the file's, for messages.
/// @throws DataError: not .npy, Fortran order, another element type, a size that does not fit the shape
[[nodiscard]] Tensor from_npy(std::string_view bytes, const std::string& name);

}  // namespace halftone
