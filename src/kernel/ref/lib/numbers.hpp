#pragma once
// Typed loops over tensors whose element type is known at run time only.

#include <cstring>
#include <initializer_list>
#include <limits>
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

/// The same with bool, which is stored as uint8.
inline constexpr std::initializer_list<DType> kNumbersAndBool{DType::f32, DType::f64, DType::s8,     DType::u8,
                                                              DType::s32, DType::s64, DType::boolean};
inline constexpr std::initializer_list<DType> kBoolean{DType::boolean};
inline constexpr std::initializer_list<DType> kReals{DType::f32, DType::f64};

/// body(Word{}) with an unsigned integer as wide as an element: for operators that move elements.
template <class Body>
void with_word(DType dtype, Body body) {
    switch (size_of(dtype)) {
        case 1:
            return body(std::uint8_t{});
        case 2:
            return body(std::uint16_t{});
        case 4:
            return body(std::uint32_t{});
        default:
            return body(std::uint64_t{});
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

/// A real number as `To`: integers toward zero, saturating, NaN gives 0 (a plain cast is undefined there).
template <class To, class From>
To saturated(From value) {
    if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
        if (value != value) return To{0};
        // Both ends are powers of two, or one less, so they are exact or round up to what is out of range already.
        if (value <= static_cast<From>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
        if (value >= static_cast<From>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    }
    return static_cast<To>(value);
}

/// Element by element, by saturated(); bool is "not zero". @pre both types are of kNumbersAndBool
inline void cast_elements(const TensorView& from, const MutableView& to) {
    const DType source = from.type.dtype == DType::boolean ? DType::u8 : from.type.dtype;
    with_number(source, [&]<class From>(From) {
        const auto x = from.as<From>();
        if (to.type.dtype == DType::boolean) {
            const auto y = to.as<std::uint8_t>();
            for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] != From{0} ? 1 : 0;
            return;
        }
        with_number(to.type.dtype, [&]<class To>(To) {
            const auto y = to.as<To>();
            for (std::size_t i = 0; i < x.size(); ++i) y[i] = saturated<To>(x[i]);
        });
    });
}

inline void copy_bytes(const TensorView& from, const MutableView& to) {
    HALFTONE_CHECK(from.bytes() == to.bytes(), "a copy keeps the size");
    if (from.bytes() != 0) std::memcpy(to.data, from.data, from.bytes());
}

}  // namespace halftone::ref
