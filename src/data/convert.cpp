#include "data/convert.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace halftone {
namespace {

template <class T>
void copy_as_floats(std::span<const T> values, std::span<float> out) {
    std::transform(values.begin(), values.end(), out.begin(), [](T value) { return static_cast<float>(value); });
}

}  // namespace

// float64 and the 16-bit types are missing because no data set yields them.
bool is_convertible(DType dtype) {
    return dtype == DType::f32 || dtype == DType::u8 || dtype == DType::s8 || dtype == DType::s32 ||
           dtype == DType::s64;
}

void write_floats(TensorView values, std::span<float> out) {
    check_element_count(values.type.shape, out.size());
    // One loop per type, so that each vectorises.
    switch (values.type.dtype) {
        case DType::f32:
            return copy_as_floats(values.as<float>(), out);
        case DType::u8:
            return copy_as_floats(values.as<std::uint8_t>(), out);
        case DType::s8:
            return copy_as_floats(values.as<std::int8_t>(), out);
        case DType::s32:
            return copy_as_floats(values.as<std::int32_t>(), out);
        case DType::s64:
            return copy_as_floats(values.as<std::int64_t>(), out);
        default:
            HALFTONE_CHECK(false, "no conversion from " + std::string(to_string(values.type.dtype)) + " to fp32");
    }
}

Tensor to_floats(const Tensor& values) {
    // Shares the memory: tensors are not written once they are shared.
    if (values.dtype() == DType::f32) return values;
    Tensor floats({DType::f32, values.shape()});
    write_floats(values.view(), floats.mutable_view().as<float>());
    return floats;
}

}  // namespace halftone
