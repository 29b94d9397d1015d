#include "tensor/npy.hpp"

#include <fmt/format.h>

#include "base/check.hpp"

namespace halftone {
namespace {

std::string_view descriptor(DType dtype) {
    switch (dtype) {
        case DType::f32:
            return "<f4";
        case DType::f64:
            return "<f8";
        case DType::s8:
            return "|i1";
        case DType::u8:
            return "|u1";
        case DType::s32:
            return "<i4";
        case DType::s64:
            return "<i8";
        case DType::boolean:
            return "|b1";
        default:
            return {};
    }
}

}  // namespace

std::string to_npy(TensorView tensor) {
    const std::string_view type = descriptor(tensor.type.dtype);
    HALFTONE_CHECK(!type.empty(), "a dtype that .npy has");
    std::string dims;
    for (const std::int64_t dim : tensor.type.shape.dims()) dims += fmt::format("{},", dim);
    std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, dims);
    constexpr std::size_t kPreamble = 10;  // magic, version, header length
    header.append(63 - (kPreamble + header.size()) % 64, ' ');
    header += '\n';
    std::string file("\x93NUMPY\x01\x00", 8);
    file += static_cast<char>(header.size() & 0xFF);
    file += static_cast<char>(header.size() >> 8);
    file += header;
    file.append(reinterpret_cast<const char*>(tensor.data), tensor.bytes());
    return file;
}

}  // namespace halftone
