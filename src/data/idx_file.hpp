#pragma once
// IDX files, the format of MNIST and its successors: big-endian header, then unsigned bytes, row-major. Plain or gzip.
// Source: the format's description on the MNIST page: 00 00 08 <rank>, then <rank> sizes of 4 bytes each.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace halftone {

struct IdxArray {
    std::vector<std::int64_t> sizes;
    std::string bytes;  ///< product of the sizes
};

/// Returns the array in the bytes of an IDX file of unsigned bytes with this rank. gzip is known by its first bytes,
/// not by the file's name. `name` is the file's, for messages.
/// @throws DataError naming the file: wrong magic number, truncated, damaged, or longer than its header says
[[nodiscard]] IdxArray parse_idx(std::string_view file, std::size_t rank, const std::string& name);

/// Reads such a file. @throws DataError as parse_idx; IoError when it cannot be read
[[nodiscard]] IdxArray read_idx(const std::string& path, std::size_t rank);

}  // namespace halftone
