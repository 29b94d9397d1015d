// TensorProto and Tensor: element types, and the bytes of initialisers and attributes in both directions.
//
//   kElementTypes, dtype_of_onnx, onnx_type_of   numbers of ONNX and our types
//   tensor_from_proto                            checks first (checked_shape, check_count), then copies
//   copy_raw, copy_typed                         the two ways in which a file stores values
//   copy_nibbles, packed_nibbles                 4-bit types: two values in a byte, the first one in the low half
//   copy_half                                    float16 and bfloat16, which become fp32 (tensor/half.hpp)
//   tensor_to_proto                              writing, always as raw data
//
// A file is untrusted: what it promises is compared with what it holds before memory is taken.
#include "graph/onnx/tensor_proto.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/check.hpp"
#include "base/error.hpp"
#include "tensor/half.hpp"

namespace halftone {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian and is copied as it is");

constexpr std::int32_t kFloat16 = 10;
constexpr std::int32_t kBfloat16 = 16;

/// One row per element type that ONNX defines, so that a message can name also those that are refused.
struct ElementType {
    std::int32_t number;
    const char* name;
    std::optional<DType> dtype;  ///< none: known to ONNX, not supported here
};

// The 16-bit floats are read as fp32, which holds each of their values exactly; fp32's own row stands first, so that
// the way back gives fp32. Source: onnx.proto, TensorProto.DataType, and onnx.in.proto of ONNX 1.16 for the numbers
// above 16.
constexpr std::array<ElementType, 23> kElementTypes{{{0, "undefined", std::nullopt},
                                                     {1, "float", DType::f32},
                                                     {2, "uint8", DType::u8},
                                                     {3, "int8", DType::s8},
                                                     {4, "uint16", std::nullopt},
                                                     {5, "int16", std::nullopt},
                                                     {6, "int32", DType::s32},
                                                     {7, "int64", DType::s64},
                                                     {8, "string", std::nullopt},
                                                     {9, "bool", DType::boolean},
                                                     {kFloat16, "float16", DType::f32},
                                                     {11, "double", DType::f64},
                                                     {12, "uint32", std::nullopt},
                                                     {13, "uint64", std::nullopt},
                                                     {14, "complex64", std::nullopt},
                                                     {15, "complex128", std::nullopt},
                                                     {kBfloat16, "bfloat16", DType::f32},
                                                     {17, "float8e4m3fn", std::nullopt},
                                                     {18, "float8e4m3fnuz", std::nullopt},
                                                     {19, "float8e5m2", std::nullopt},
                                                     {20, "float8e5m2fnuz", std::nullopt},
                                                     {21, "uint4", DType::u4},
                                                     {22, "int4", DType::s4}}};

[[noreturn]] void refuse(const std::string& owner, const std::string& why) { throw ModelError(owner + ": " + why); }

/// A dimension of 0 is valid and makes an empty tensor. It is left out of the product, or the others would go
/// unchecked.
Shape checked_shape(const onnx::TensorProto& proto, const std::string& owner) {
    constexpr std::int64_t kMost = std::int64_t{1} << 40;  // far more than a file can hold
    std::vector<std::int64_t> dims(proto.dims().begin(), proto.dims().end());
    std::int64_t product = 1;
    for (const std::int64_t dim : dims) {
        if (dim < 0) refuse(owner, fmt::format("dimension {} is negative", dim));
        if (dim == 0) continue;
        if (dim > kMost / product) refuse(owner, "its dimensions are too large");
        product *= dim;
    }
    return Shape(std::move(dims));
}

void check_count(std::size_t found, std::size_t expected, const char* field, const std::string& owner) {
    if (found != expected) {
        refuse(owner, fmt::format("{} has {} values; its dimensions need {}", field, found, expected));
    }
}

/// The caller has compared the sizes. A bool is a byte, and any other byte than 0 and 1 would be undefined later on.
void copy_raw(std::string_view raw, Tensor& tensor, const std::string& owner) {
    ByteReader reader(raw, owner);
    reader.get_into(std::span(tensor.mutable_view().data, tensor.bytes()), "raw_data");
    reader.require_end<ModelError>();
    if (tensor.dtype() != DType::boolean) return;
    for (const std::uint8_t value : tensor.as<std::uint8_t>()) {
        if (value > 1) refuse(owner, fmt::format("bool value {}", value));
    }
}

template <class To, class Field>
void copy_field(const Field& field, Tensor& tensor, const std::string& owner) {
    const std::span<To> out = tensor.mutable_view().as<To>();
    // int32_data also carries the narrower types.
    const bool is_bool = tensor.dtype() == DType::boolean;
    for (int i = 0; i < field.size(); ++i) {
        const auto value = field.Get(i);
        if constexpr (std::is_integral_v<To>) {
            constexpr auto kHighest = std::numeric_limits<To>::max();
            // Checked, because a value that is cut to 8 bits would be another weight without a word.
            const bool fits = std::in_range<To>(value) && (!is_bool || value == 0 || value == 1);
            if (!fits)
                refuse(owner,
                       fmt::format("value {} does not fit its element type (up to {})", value, is_bool ? 1 : kHighest));
        }
        out[static_cast<std::size_t>(i)] = static_cast<To>(value);
    }
}

/// A half of a byte as a value: int4 is two's complement.
std::byte nibble_value(unsigned half, bool is_signed) {
    const unsigned upper = is_signed && half > 7 ? 0xF0U : 0U;  // the sign, in the other half of the byte
    return static_cast<std::byte>(upper | half);
}

/// 4-bit values, two in a byte of raw_data or in an int32 of int32_data. The caller has compared the sizes. The unused
/// half of a last byte may hold anything.
void copy_nibbles(const onnx::TensorProto& proto, const std::optional<std::string_view>& raw, Tensor& tensor,
                  const std::string& owner) {
    std::byte* out = tensor.mutable_view().data;
    const auto elements = static_cast<std::size_t>(tensor.elements());
    for (std::size_t i = 0; i < elements; ++i) {
        std::uint8_t pair = 0;
        if (raw) {
            pair = static_cast<std::uint8_t>((*raw)[i / 2]);
        } else {
            const std::int32_t value = proto.int32_data(static_cast<int>(i / 2));
            // As a signed byte, too: exporters write either.
            if (!std::in_range<std::uint8_t>(value) && !std::in_range<std::int8_t>(value))
                refuse(owner, fmt::format("value {} has more than 8 bits", value));
            pair = static_cast<std::uint8_t>(value);
        }
        out[i] = nibble_value(i % 2 == 0 ? pair & 15U : pair >> 4U, tensor.dtype() == DType::s4);
    }
}

std::string packed_nibbles(const Tensor& tensor) {
    const std::byte* values = tensor.view().data;
    std::string packed(static_cast<std::size_t>((tensor.elements() + 1) / 2), '\0');
    for (std::size_t i = 0; i < static_cast<std::size_t>(tensor.elements()); ++i) {
        const auto half = std::to_integer<unsigned>(values[i]) & 15U;
        const unsigned pair = static_cast<unsigned char>(packed[i / 2]) | half << (i % 2 == 0 ? 0U : 4U);
        packed[i / 2] = static_cast<char>(pair);
    }
    return packed;
}

/// How many bytes of raw_data, or how many numbers of a typed field, the elements need.
std::size_t stored_count(std::size_t elements, bool is_packed) { return is_packed ? (elements + 1) / 2 : elements; }

/// The 16-bit floats as fp32. The caller has compared the sizes. In a typed field each of them is an int32 that holds
/// its 16 bits.
void copy_half(const onnx::TensorProto& proto, const std::optional<std::string_view>& raw, Tensor& tensor,
               const std::string& owner) {
    const std::span<float> out = tensor.mutable_view().as<float>();
    const bool is_brain = proto.data_type() == kBfloat16;
    for (std::size_t i = 0; i < out.size(); ++i) {
        std::uint16_t bits = 0;
        if (raw) {
            std::memcpy(&bits, raw->data() + i * sizeof(bits), sizeof(bits));
        } else {
            const std::int32_t value = proto.int32_data(static_cast<int>(i));
            if (!std::in_range<std::uint16_t>(value))
                refuse(owner, fmt::format("value {} has more than 16 bits", value));
            bits = static_cast<std::uint16_t>(value);
        }
        out[i] = is_brain ? float_of_bfloat16(bits) : float_of_float16(bits);
    }
}

/// Which repeated field carries a type that is not in raw_data, and how many values it has.
struct TypedField {
    const char* name;
    int count;
};

/// Source: comments of TensorProto in onnx.proto; all integers of up to 32 bits, and bool, are in int32_data.
TypedField typed_field(const onnx::TensorProto& proto, DType dtype) {
    if (is_half_type(proto.data_type())) return {"int32_data", proto.int32_data_size()};
    switch (dtype) {
        case DType::f32:
            return {"float_data", proto.float_data_size()};
        case DType::f64:
            return {"double_data", proto.double_data_size()};
        case DType::s64:
            return {"int64_data", proto.int64_data_size()};
        default:
            return {"int32_data", proto.int32_data_size()};
    }
}

/// Whether a tensor can be a view of its bytes. They may lie in a mapped file, which another program can change after
/// it was checked. So they must be types of which every value is valid, and which no operator takes for a size or a
/// place; and they must be worth it: small constants are what sizes are computed from.
bool can_be_view(DType dtype, std::string_view raw, const ModelData& data) {
    constexpr std::size_t kLeastBytes = 4096;
    const bool is_value = dtype == DType::f32 || dtype == DType::s8 || dtype == DType::u8;
    const bool is_aligned = reinterpret_cast<std::uintptr_t>(raw.data()) % Tensor::kAlignment == 0;
    return data.keeper != nullptr && is_value && is_aligned && raw.size() >= kLeastBytes;
}

void copy_typed(const onnx::TensorProto& proto, Tensor& tensor, const std::string& owner) {
    switch (tensor.dtype()) {
        case DType::f32:
            return copy_field<float>(proto.float_data(), tensor, owner);
        case DType::f64:
            return copy_field<double>(proto.double_data(), tensor, owner);
        case DType::s64:
            return copy_field<std::int64_t>(proto.int64_data(), tensor, owner);
        case DType::s32:
            return copy_field<std::int32_t>(proto.int32_data(), tensor, owner);
        case DType::s8:
            return copy_field<std::int8_t>(proto.int32_data(), tensor, owner);
        default:
            return copy_field<std::uint8_t>(proto.int32_data(), tensor, owner);
    }
}

}  // namespace

std::optional<DType> dtype_of_onnx(std::int32_t element_type) {
    for (const ElementType& type : kElementTypes) {
        if (type.number == element_type) return type.dtype;
    }
    return std::nullopt;
}

bool is_half_type(std::int32_t element_type) { return element_type == kFloat16 || element_type == kBfloat16; }

std::int32_t onnx_type_of(DType dtype) {
    for (const ElementType& type : kElementTypes) {
        if (type.dtype == dtype) return type.number;
    }
    HALFTONE_CHECK(false, "a graph holds supported element types only");
}

// The number too: an exporter may use types that this table does not know yet.
std::string onnx_type_name(std::int32_t element_type) {
    for (const ElementType& type : kElementTypes) {
        if (type.number == element_type) return fmt::format("{} ({})", type.name, element_type);
    }
    return fmt::format("unknown ({})", element_type);
}

std::string onnx_type_word(std::int32_t element_type) {
    if (element_type == 0) return "?";
    if (element_type == kFloat16) return "fp16";
    if (element_type == kBfloat16) return "bf16";
    for (const ElementType& type : kElementTypes) {
        if (type.number == element_type) return type.dtype ? std::string(to_string(*type.dtype)) : type.name;
    }
    return onnx_type_name(element_type);
}

Tensor tensor_from_proto(const onnx::TensorProto& proto, const std::string& owner,
                         const std::optional<ModelData>& data) {
    const bool is_external = proto.data_location() == onnx::TensorProto::EXTERNAL || proto.external_data_size() > 0;
    if (is_external && !data) refuse(owner, "its values are stored outside the model file");
    // The bytes of the values, where the message or the data beside it holds them as they lie in memory.
    std::optional<std::string_view> raw;
    if (is_external)
        raw = bytes_in_data(proto, data->bytes, owner);
    else if (proto.has_raw_data())
        raw = proto.raw_data();
    // Segments are parts of a tensor in several messages; the format has them, no exporter writes them.
    if (proto.has_segment()) refuse(owner, "segmented tensors are not supported");
    const auto dtype = dtype_of_onnx(proto.data_type());
    if (!dtype) {
        refuse(owner, fmt::format("element type {} is not supported", onnx_type_name(proto.data_type())));
    }
    const Shape shape = checked_shape(proto, owner);
    const auto elements = static_cast<std::size_t>(shape.elements());
    const TypedField field = typed_field(proto, *dtype);
    // Sizes first: a few bytes must not make us allocate what their dimensions promise.
    if (raw) {
        if (field.count > 0) refuse(owner, fmt::format("has both raw_data and {}", field.name));
        const std::size_t width = is_half_type(proto.data_type()) ? 2 : size_of(*dtype);
        const std::size_t needed = stored_count(elements, is_four_bit(*dtype)) * width;
        if (raw->size() != needed) {
            refuse(owner, fmt::format("raw_data has {} bytes; its dimensions {} need {}", raw->size(), shape.to_text(),
                                      needed));
        }
    } else {
        check_count(static_cast<std::size_t>(field.count), stored_count(elements, is_four_bit(*dtype)), field.name,
                    owner);
    }
    // From here on the sizes are known to be true.
    if (is_external && !is_half_type(proto.data_type()) && can_be_view(*dtype, *raw, *data))
        return Tensor::view_of({*dtype, shape}, reinterpret_cast<const std::byte*>(raw->data()), data->keeper);
    Tensor tensor(TensorType{*dtype, shape});
    if (is_half_type(proto.data_type()))
        copy_half(proto, raw, tensor, owner);
    else if (is_four_bit(*dtype))
        copy_nibbles(proto, raw, tensor, owner);
    else if (raw)
        copy_raw(*raw, tensor, owner);
    else
        copy_typed(proto, tensor, owner);
    return tensor;
}

void tensor_to_proto(const Tensor& tensor, const std::string& name, onnx::TensorProto& proto) {
    if (!name.empty()) proto.set_name(name);
    proto.set_data_type(onnx_type_of(tensor.dtype()));
    for (const std::int64_t dim : tensor.shape().dims()) proto.add_dims(dim);
    // Always raw and never typed fields: equal tensors then give equal bytes.
    if (is_four_bit(tensor.dtype()))
        proto.set_raw_data(packed_nibbles(tensor));
    else
        proto.set_raw_data(tensor.view().data, tensor.bytes());
}

}  // namespace halftone
