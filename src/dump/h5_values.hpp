#pragma once
// Values in the form of Halftone's HDF5 files: plain numbers, fixed-length UTF-8, enums. No HDF5 type appears here.

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace halftone {

/// Small codes with a name for each: an HDF5 enum of uint8.
struct H5Codes {
    std::vector<std::uint8_t> codes;
    std::vector<std::string> names;  ///< of code 0, 1, …
};

/// Row-major elements. Texts are stored with the length of the longest, padded with zeros.
using H5Elements =
    std::variant<std::vector<double>, std::vector<float>, std::vector<std::int64_t>, std::vector<std::int32_t>,
                 std::vector<std::uint8_t>, std::vector<std::int8_t>, std::vector<std::string>, H5Codes>;

struct H5Array {
    std::string path;         ///< "/trials/accuracy"; its groups are made as needed
    std::string description;  ///< attribute `description`
    std::string units;        ///< attribute `units`; "1" for pure numbers, "" for texts and codes
    H5Elements elements;
    std::vector<std::int64_t> shape;  ///< empty: one dimension
    /// Paths of 1-D datasets, written before, that say what the positions along each dimension are; "" for none.
    std::vector<std::string> scales{};
    bool is_packed = false;  ///< gzip, in chunks of rows of the first dimension
};

/// An attribute's value.
using H5Attribute = std::variant<std::int64_t, double, std::string, std::vector<double>, std::vector<std::int64_t>>;

[[nodiscard]] std::size_t size_of(const H5Elements& elements);

}  // namespace halftone
