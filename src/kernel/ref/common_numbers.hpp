#pragma once
// Typed loops over tensors whose element type is known at run time only.

#include <cstring>
#include <initializer_list>
#include <type_traits>
#include <utility>

#include "base/check.hpp"
#include "tensor/tensor.hpp"

namespace halftone::ref {

/// The element types that arithmetic operators (Add, Relu, Clip…) are defined for here.
inline constexpr std::initializer_list<DType> kNumbers{DType::f32, DType::f64, DType::s8,
                                                       DType::u8,  DType::s32, DType::s64};

/// body(T{}) with the C++ type of a dtype of kNumbers.
template <class Body>
void with_number(DType dtype, Body body) {
    switch (dtype) {
        case DType::f32:
            return body(float{});
        case DType::f64:
            return body(double{});
        case DType::s8:
            return body(std::int8_t{});
        case DType::u8:
            return body(std::uint8_t{});
        case DType::s32:
            return body(std::int32_t{});
        case DType::s64:
            return body(std::int64_t{});
        default:
            HALFTONE_CHECK(false, "the shape rule admits only numbers, not " + std::string(to_string(dtype)));
    }
}

/// Integer arithmetic wraps, as in ONNX's evaluators; done unsigned, because signed overflow is undefined.
template <class T, class Operation>
T wrapping(T a, T b, Operation operation) {
    if constexpr (std::is_floating_point_v<T>) {
        return operation(a, b);
    } else {
        return static_cast<T>(operation(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b)));
    }
}

inline void copy_bytes(const TensorView& from, const MutableView& to) {
    HALFTONE_CHECK(from.bytes() == to.bytes(), "a copy keeps the size");
    if (from.bytes() != 0) std::memcpy(to.data, from.data, from.bytes());
}

}  // namespace halftone::ref
