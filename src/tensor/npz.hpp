#pragma once
// NumPy's .npz files: a zip archive of .npy files, here without compression.
// Source: numpy.savez, and PKWARE's APPNOTE.TXT (4.3) for the archive.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace halftone {

/// Returns an archive of the arrays: each a name without ".npy", and the bytes of a .npy file.
/// @throws DataError when it would be larger than 4 GiB, the limit of archives without extensions
[[nodiscard]] std::string to_npz(const std::vector<std::pair<std::string, std::string>>& arrays);

/// Returns the bytes of a .npy file with an array of texts (NumPy's type U: UTF-32, padded with zeros to the longest).
/// @param shape  "(3,)" or "(3, 2)": Python's spelling. Bytes that are no UTF-8 become U+FFFD
[[nodiscard]] std::string texts_to_npy(const std::vector<std::string>& texts, std::string_view shape);

}  // namespace halftone
