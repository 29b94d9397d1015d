#pragma once
// Element types and the words users write for them. A 4-bit code takes a whole byte in memory, where it is read as an
// 8-bit integer; only files and packed kernels put two into one byte.

#include <cstddef>
#include <cstdint>

#include "base/enum_names.hpp"

namespace halftone {

enum class DType : std::uint8_t { f32, f64, f16, bf16, s8, u8, s16, u16, s32, u32, s64, u64, boolean, s4, u4 };

inline constexpr EnumNames<DType, 15> kDTypeNames{{{{DType::f32, "fp32"},
                                                    {DType::f64, "fp64"},
                                                    {DType::f16, "fp16"},
                                                    {DType::bf16, "bf16"},
                                                    {DType::s8, "int8"},
                                                    {DType::u8, "uint8"},
                                                    {DType::s16, "int16"},
                                                    {DType::u16, "uint16"},
                                                    {DType::s32, "int32"},
                                                    {DType::u32, "uint32"},
                                                    {DType::s64, "int64"},
                                                    {DType::u64, "uint64"},
                                                    {DType::boolean, "bool"},
                                                    {DType::s4, "int4"},
                                                    {DType::u4, "uint4"}}}};

[[nodiscard]] constexpr std::string_view to_string(DType dtype) { return kDTypeNames.name(dtype); }
/// Returns the bytes of an element in memory; 1 for the 4-bit types.
[[nodiscard]] std::size_t size_of(DType dtype);
/// Returns whether it is int4 or uint4.
[[nodiscard]] constexpr bool is_four_bit(DType dtype) { return dtype == DType::s4 || dtype == DType::u4; }

/// DType of a C++ element type: dtype_of<float>() == DType::f32. bool is std::uint8_t in memory; see Tensor.
template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
    return DType::f32;
}
template <>
constexpr DType dtype_of<double>() {
    return DType::f64;
}
template <>
constexpr DType dtype_of<std::int8_t>() {
    return DType::s8;
}
template <>
constexpr DType dtype_of<std::uint8_t>() {
    return DType::u8;
}
template <>
constexpr DType dtype_of<std::int32_t>() {
    return DType::s32;
}
template <>
constexpr DType dtype_of<std::int64_t>() {
    return DType::s64;
}
template <>
constexpr DType dtype_of<std::int16_t>() {
    return DType::s16;
}
template <>
constexpr DType dtype_of<std::uint16_t>() {
    return DType::u16;
}
template <>
constexpr DType dtype_of<std::uint32_t>() {
    return DType::u32;
}
template <>
constexpr DType dtype_of<std::uint64_t>() {
    return DType::u64;
}

}  // namespace halftone
