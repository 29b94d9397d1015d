#pragma once
// IDX files, the format of MNIST and its successors: big-endian header, then unsigned bytes, row-major. Plain or gzip.
// Source: the format's description on the MNIST page: 00 00 08 <rank>, then <rank> sizes of 4 bytes each.

#include <cstdint>
#include <string>
#include <vector>

namespace halftone {

struct IdxArray {
    std::vector<std::int64_t> sizes;
    std::string bytes;  ///< product of the sizes
};

/// Reads an unsigned-byte IDX file of this rank; gzip is known by its first bytes, not by its name.
/// @throws DataError naming the file: wrong magic number, truncated, damaged, or longer than its header says;
///         IoError when it cannot be read
[[nodiscard]] IdxArray read_idx(const std::string& path, std::size_t rank);

}  // namespace halftone
