// Element types of samples turned into others.
//
//   visit_numbers   calls a function with the elements in their C++ type, so that each conversion is one loop
//   write_floats    any number to fp32, rounded to nearest even
//   feed_values     what a model's input takes: the same type, fp32, an integer that holds the value, or a cut fraction
#include "data/convert.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "tensor/half.hpp"

namespace halftone {
namespace {

bool is_integer(DType dtype) {
    return dtype != DType::f32 && dtype != DType::f64 && dtype != DType::f16 && dtype != DType::bf16;
}

/// Calls `body` with a span of the elements in their C++ type. A boolean is a byte. @pre an integer type
template <class View, class Body>
void visit_integers(const View& view, Body body) {
    switch (view.type.dtype) {
        case DType::s8:
            return body(view.template as<std::int8_t>());
        case DType::u8:
        case DType::boolean:
            return body(view.template as<std::uint8_t>());
        case DType::s16:
            return body(view.template as<std::int16_t>());
        case DType::u16:
            return body(view.template as<std::uint16_t>());
        case DType::s32:
            return body(view.template as<std::int32_t>());
        case DType::u32:
            return body(view.template as<std::uint32_t>());
        case DType::s64:
            return body(view.template as<std::int64_t>());
        case DType::u64:
            return body(view.template as<std::uint64_t>());
        default:
            HALFTONE_CHECK(false, "an integer type, not " + std::string(to_string(view.type.dtype)));
    }
}

template <class T>
void copy_as_floats(std::span<const T> values, std::span<float> out) {
    std::transform(values.begin(), values.end(), out.begin(), [](T value) { return static_cast<float>(value); });
}

/// The elements of a half-precision tensor have no C++ type: they are read as the 16 bits that they are.
void copy_halves_as_floats(TensorView values, std::span<float> out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        std::uint16_t bits = 0;
        std::memcpy(&bits, values.data + 2 * i, sizeof bits);
        out[i] = float_of_float16(bits);
    }
}

/// One number as an integer: the nearest that the type holds.
template <class From, class To>
void cut(From value, bool is_bool, To& out) {
    if (is_bool) {
        out = value != From{0} ? To{1} : To{0};
    } else if constexpr (std::is_floating_point_v<From>) {
        // The upper limit of a 64-bit integer is no double: the next one above it is.
        const double exact = static_cast<double>(value);
        constexpr auto kLowest = static_cast<double>(std::numeric_limits<To>::min());
        constexpr auto kHighest = static_cast<double>(std::numeric_limits<To>::max());
        if (exact >= kHighest) {
            out = std::numeric_limits<To>::max();
        } else {
            out = exact >= kLowest ? static_cast<To>(exact) : exact < kLowest ? std::numeric_limits<To>::min() : To{0};
        }
    } else {
        const bool is_below = std::cmp_less(value, std::numeric_limits<To>::min());
        const bool is_above = std::cmp_greater(value, std::numeric_limits<To>::max());
        out = is_below   ? std::numeric_limits<To>::min()
              : is_above ? std::numeric_limits<To>::max()
                         : static_cast<To>(value);
    }
}

/// Copies integers into another integer type. A bool takes 0 and 1 alone.
template <class From, class To>
void copy_integers(std::span<const From> values, std::span<To> out, DType type) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        const bool fits =
            std::in_range<To>(values[i]) && (type != DType::boolean || values[i] == From{0} || values[i] == From{1});
        if (!fits) throw DataError("the value " + std::to_string(values[i]) + " is no " + std::string(to_string(type)));
        out[i] = static_cast<To>(values[i]);
    }
}

/// Real values to bytes, cut towards zero. A value that no byte holds means a wrong transform, such as Normalize.
void cut_floats(std::span<const float> values, std::span<std::uint8_t> out) {
    constexpr float kAboveAll = 256;  // of uint8
    for (std::size_t i = 0; i < values.size(); ++i) {
        const bool fits = values[i] > -1 && values[i] < kAboveAll;  // NaN does not
        if (!fits) throw DataError("the value " + std::to_string(values[i]) + " is no uint8");
        out[i] = static_cast<std::uint8_t>(values[i]);
    }
}

}  // namespace

// bfloat16 is missing because no file format of a data set has it.
bool is_convertible(DType dtype) { return dtype != DType::bf16; }

void write_floats(TensorView values, std::span<float> out) {
    check_element_count(values.type.shape, out.size());
    // One loop per type, so that each vectorises.
    switch (values.type.dtype) {
        case DType::f32:
            return copy_as_floats(values.as<float>(), out);
        case DType::f64:
            return copy_as_floats(values.as<double>(), out);
        case DType::f16:
            return copy_halves_as_floats(values, out);
        default:
            visit_integers(values, [&](auto integers) { copy_as_floats(integers, out); });
    }
}

Tensor to_floats(const Tensor& values) {
    // Shares the memory: tensors are not written once they are shared.
    if (values.dtype() == DType::f32) return values;
    Tensor floats({DType::f32, values.shape()});
    write_floats(values.view(), floats.mutable_view().as<float>());
    return floats;
}

Tensor cast_values(const Tensor& values, DType dtype) {
    if (dtype == values.dtype()) return values;  // shares the memory, as to_floats
    if (dtype == DType::f32) return to_floats(values);
    Tensor cast({dtype, values.shape()});
    const MutableView out = cast.mutable_view();
    const auto cut_all = [&](auto from) {
        visit_integers(out, [&](auto to) {
            for (std::size_t i = 0; i < to.size(); ++i) cut(from[i], dtype == DType::boolean, to[i]);
        });
    };
    if (is_integer(values.dtype())) {
        visit_integers(values.view(), cut_all);
    } else if (values.dtype() == DType::f64) {
        cut_all(values.as<double>());
    } else {
        const Tensor floats = to_floats(values);
        cut_all(floats.as<float>());
    }
    return cast;
}

bool can_feed(DType from, DType to) {
    return from == to || (to == DType::f32 && is_convertible(from)) || (is_integer(from) && is_integer(to));
}

bool can_cut(DType from, DType to) { return from == DType::f32 && to == DType::u8; }

void feed_values(TensorView values, MutableView out) {
    const bool is_cut = can_cut(values.type.dtype, out.type.dtype);
    HALFTONE_CHECK(is_cut || can_feed(values.type.dtype, out.type.dtype), "the values may feed the input");
    HALFTONE_CHECK(values.elements() == out.elements(), "as many values as the input has for a sample");
    if (values.type.dtype == out.type.dtype) {
        std::copy_n(values.data, values.bytes(), out.data);
    } else if (out.type.dtype == DType::f32) {
        write_floats(values, out.as<float>());
    } else if (is_cut) {
        cut_floats(values.as<float>(), out.as<std::uint8_t>());
    } else {
        visit_integers(
            values, [&](auto from) { visit_integers(out, [&](auto to) { copy_integers(from, to, out.type.dtype); }); });
    }
}

}  // namespace halftone
