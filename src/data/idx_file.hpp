#pragma once
// IDX files, the format of MNIST and its successors: big-endian header, then unsigned bytes, row-major. Plain or gzip.
// Source: the format's description on the MNIST page: 00 00 08 <rank>, then <rank> sizes of 4 bytes each.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/budget.hpp"

namespace halftone {

struct IdxArray {
    std::vector<std::int64_t> sizes;
    std::string bytes;                           ///< product of the sizes
    std::shared_ptr<const BudgetedBytes> taken;  ///< what the process's budget counts for them
};

/// Returns the array in the bytes of an IDX file of unsigned bytes with this rank. gzip is known by its first bytes,
/// not by the file's name. `name` is the file's, for messages.
/// @throws DataError naming the file: wrong magic number, truncated, damaged, or longer than its header says;
///         BudgetError when the process has no memory for it
[[nodiscard]] IdxArray parse_idx(std::string_view file, std::size_t rank, const std::string& name);

/// Reads such a file. @throws DataError as parse_idx; IoError when it cannot be read
[[nodiscard]] IdxArray read_idx(const std::string& path, std::size_t rank);

}  // namespace halftone
