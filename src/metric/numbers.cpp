// Metrics compute in double whatever a model or a data set stores: every type but 64-bit integers fits into it exactly.
#include "metric/numbers.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "base/error.hpp"
#include "base/text.hpp"
#include "tensor/half.hpp"

namespace halftone {
namespace {

/// Fills `out` with elements that are stored as `Stored`, each passed through `convert`.
template <class Stored, class Convert>
void convert_all(TensorView view, std::vector<double>& out, Convert&& convert) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        Stored value;  // copied out: there is no C++ type for some element types, so no span of them
        std::memcpy(&value, view.data + i * sizeof(Stored), sizeof(Stored));
        out[i] = convert(value);
    }
}

template <class Stored>
void copy_all(TensorView view, std::vector<double>& out) {
    convert_all<Stored>(view, out, [](Stored value) { return static_cast<double>(value); });
}

}  // namespace

std::vector<double> to_numbers(TensorView view) {
    std::vector<double> out(static_cast<std::size_t>(view.elements()));
    switch (view.type.dtype) {
        case DType::f32:
            copy_all<float>(view, out);
            break;
        case DType::f64:
            copy_all<double>(view, out);
            break;
        case DType::f16:
            convert_all<std::uint16_t>(view, out, [](std::uint16_t bits) { return float_of_float16(bits); });
            break;
        case DType::bf16:
            convert_all<std::uint16_t>(view, out, [](std::uint16_t bits) { return float_of_bfloat16(bits); });
            break;
        case DType::s8:
        case DType::s4:
            copy_all<std::int8_t>(view, out);
            break;
        case DType::u8:
        case DType::boolean:
        case DType::u4:
            copy_all<std::uint8_t>(view, out);
            break;
        case DType::s16:
            copy_all<std::int16_t>(view, out);
            break;
        case DType::u16:
            copy_all<std::uint16_t>(view, out);
            break;
        case DType::s32:
            copy_all<std::int32_t>(view, out);
            break;
        case DType::u32:
            copy_all<std::uint32_t>(view, out);
            break;
        case DType::s64:
            copy_all<std::int64_t>(view, out);
            break;
        case DType::u64:
            copy_all<std::uint64_t>(view, out);
            break;
    }
    return out;
}

TensorView number_view(const FieldValue& target, std::int64_t sample) {
    if (const auto* tensor = std::get_if<Tensor>(&target)) return tensor->view();
    throw DataError("sample " + std::to_string(sample) + ": the target is a text, the metric compares numbers");
}

bool is_integer(DType dtype) {
    return dtype != DType::f32 && dtype != DType::f64 && dtype != DType::f16 && dtype != DType::bf16;
}

std::int64_t to_class(double number, std::int64_t sample) {
    constexpr double kMost = 9.0e15;  // below 2^53, so that the conversion is exact
    if (std::isfinite(number) && std::abs(number) < kMost && std::floor(number) == number) {
        return static_cast<std::int64_t>(number);
    }
    throw DataError("sample " + std::to_string(sample) + ": a label must be an integer, got " + float_text(number));
}

void require_class(std::int64_t label, std::int64_t classes, std::int64_t sample) {
    if (label >= 0 && label < classes) return;
    throw DataError("sample " + std::to_string(sample) + ": label " + std::to_string(label) +
                    " lies outside the model's " + std::to_string(classes) + " classes");
}

Shape squeezed(const Shape& shape) {
    std::vector<std::int64_t> dims = shape.dims();
    // Exporters disagree about dimensions of 1 ([10], [10, 1], [1, 10]), which carry no meaning.
    std::erase(dims, 1);
    return Shape(std::move(dims));
}

bool may_be_alike(const Shape& a, const Shape& b) {
    // An open dimension may turn out to be 1, and would then not count: nothing can be said before the sample is there.
    if (!a.is_static() || !b.is_static()) return true;
    return squeezed(a) == squeezed(b);
}

std::int64_t arg_max(const std::vector<double>& values, std::size_t first, std::size_t step, std::size_t count) {
    std::size_t best = 0;
    // A strict comparison keeps the first of equal numbers; a NaN so far gives way to any number.
    for (std::size_t i = 1; i < count; ++i) {
        const double value = values[first + i * step];
        const double so_far = values[first + best * step];
        if (value > so_far || (std::isnan(so_far) && !std::isnan(value))) best = i;
    }
    return static_cast<std::int64_t>(best);
}

std::vector<std::int64_t> arg_max_along(const std::vector<double>& values, const Shape& shape, std::size_t axis) {
    const auto count = static_cast<std::size_t>(shape[axis]);
    // Neighbours along the axis lie one inner block apart: 1 if it is the last, a whole picture if channels come first.
    std::size_t inner = 1;
    for (std::size_t i = axis + 1; i < shape.rank(); ++i) inner *= static_cast<std::size_t>(shape[i]);
    std::vector<std::int64_t> largest(values.size() / count);
    for (std::size_t e = 0; e < largest.size(); ++e) {
        largest[e] = arg_max(values, e / inner * inner * count + e % inner, inner, count);
    }
    return largest;
}

}  // namespace halftone
