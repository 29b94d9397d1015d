#pragma once
// NumPy's .npy files, formats 1.0 to 3.0. They are written little-endian and in C order.
// Source: numpy.lib.format documentation, "Format Version 1.0".

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.hpp"

namespace halftone {

/// Returns the bytes of a .npy file. @pre the dtype is any but bfloat16, which NumPy does not have
[[nodiscard]] std::string to_npy(TensorView tensor);

/// What the header of a .npy file says.
struct NpyHeader {
    TensorType type;
    std::uint64_t size = 0;  ///< of the header in bytes: the values begin there
};

/// Returns the header at the beginning of a .npy file. `bytes` may end behind it; kMostNpyHeaderBytes are enough.
/// @throws DataError: not .npy, Fortran order, big-endian, another element type, a header that is cut off or longer
/// than that
[[nodiscard]] NpyHeader parse_npy_header(std::string_view bytes, const std::string& name);
/// NumPy's own headers have 128 bytes, unless an array has very many dimensions.
inline constexpr std::uint64_t kMostNpyHeaderBytes = 1U << 16U;

/// Returns the array in the bytes of a .npy file, little-endian and in C order, whatever the file has. `name` is the
/// name of the file, for messages.
/// @param notes  gets a sentence for each such conversion; may be null
/// @throws DataError: not .npy, another element type, a size that does not fit the shape
[[nodiscard]] Tensor from_npy(std::string_view bytes, const std::string& name,
                              std::vector<std::string>* notes = nullptr);

}  // namespace halftone
