#pragma once
// Reads .npy files (NumPy's format 1.0 and 2.0, little-endian, C order) for tests with golden arrays.

#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>

#include "tensor/tensor.hpp"

namespace halftone::test {

namespace npy_detail {

/// The text between `open` and `close` after `key` in the header.
inline std::string field(const std::string& header, const std::string& key, char open, char close) {
    const std::size_t from = header.find(open, header.find("'" + key + "':") + key.size() + 3);
    return header.substr(from + 1, header.find(close, from + 1) - from - 1);
}

inline DType dtype(const std::string& descr) {
    static const std::map<std::string, DType> words{{"<f4", DType::f32}, {"<f8", DType::f64}, {"<f2", DType::f16},
                                                    {"|i1", DType::s8},  {"|u1", DType::u8},  {"<i2", DType::s16},
                                                    {"<u2", DType::u16}, {"<i4", DType::s32}, {"<u4", DType::u32},
                                                    {"<i8", DType::s64}, {"<u8", DType::u64}, {"|b1", DType::boolean}};
    const auto found = words.find(descr);
    if (found == words.end()) throw std::runtime_error("npy: element type " + descr);
    return found->second;
}

inline Shape shape(const std::string& tuple) {
    std::vector<std::int64_t> dims;
    for (std::size_t at = tuple.find_first_of("0123456789"); at != std::string::npos;) {
        std::size_t length = 0;
        dims.push_back(std::stoll(tuple.substr(at), &length));
        at = tuple.find_first_of("0123456789", at + length);
    }
    return Shape(std::move(dims));
}

}  // namespace npy_detail

/// @throws std::runtime_error naming the file
inline Tensor read_npy(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (bytes.size() < 12 || bytes.compare(0, 6, "\x93NUMPY") != 0)
        throw std::runtime_error(path + ": not a .npy file");
    const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
    const bool is_short = bytes[6] == 1;
    const std::size_t start = is_short ? 10 : 12;
    const std::size_t length = byte(8) + (byte(9) << 8) + (is_short ? 0 : (byte(10) << 16) + (byte(11) << 24));
    const std::string header = bytes.substr(start, length);
    if (header.find("'fortran_order': False") == std::string::npos) throw std::runtime_error(path + ": not in C order");
    Tensor tensor({npy_detail::dtype(npy_detail::field(header, "descr", '\'', '\'')),
                   npy_detail::shape(npy_detail::field(header, "shape", '(', ')'))});
    if (bytes.size() != start + length + tensor.bytes()) throw std::runtime_error(path + ": wrong size");
    if (tensor.bytes() != 0) std::memcpy(tensor.mutable_view().data, bytes.data() + start + length, tensor.bytes());
    return tensor;
}

}  // namespace halftone::test
