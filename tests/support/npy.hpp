#pragma once
// Golden arrays in .npy files.

#include <fstream>
#include <iterator>
#include <string>

#include "tensor/npy.hpp"

namespace halftone::test {

/// @throws DataError naming the file
inline Tensor read_npy(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    return from_npy(bytes, path);
}

}  // namespace halftone::test
