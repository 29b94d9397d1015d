// Reads a .params file: a list of arrays, then a list of their names.
//
//   read_mxnet_params   header, arrays, names, and both put together
//   read_array          one array in any of the four forms that MXNet has written since 2015
//   read_mxnet_shape    32-bit numbers in the oldest form, 64-bit numbers since
//   fp32_of             wider and narrower floats become fp32, in which everything is computed
#include "import/mxnet/params.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/saturate.hpp"
#include "tensor/half.hpp"

namespace halftone {
namespace {

constexpr std::uint64_t kListMagic = 0x112;
// The first number of an array says in which form it is. Any other number is the count of dimensions of the form
// before MXNet 0.8, which had no magic number.
constexpr std::uint32_t kMagicV1 = 0xF993fac8;
constexpr std::uint32_t kMagicV2 = 0xF993fac9;
constexpr std::uint32_t kMagicV3 = 0xF993faca;
constexpr std::uint32_t kMostParamDims = 32;
constexpr std::int64_t kMostParamElements = std::int64_t{1} << 40U;

/// MXNet's numbers of element types, in their order. Source: mshadow/base.h, enum TypeFlag.
constexpr std::array<DType, 13> kMxnetTypes{DType::f32, DType::f64, DType::f16,     DType::u8,  DType::s32,
                                            DType::s8,  DType::s64, DType::boolean, DType::s16, DType::u16,
                                            DType::u32, DType::u64, DType::bf16};

/// Reads the dimensions behind their number. @param is_wide  64-bit numbers, as in all but the oldest form
Shape read_mxnet_shape(ByteReader& reader, std::uint32_t ndim, bool is_wide) {
    reader.expect(ndim <= kMostParamDims, "an array of at most 32 dimensions");
    std::vector<std::int64_t> dims;
    for (std::uint32_t i = 0; reader.ok() && i < ndim; ++i) {
        dims.push_back(is_wide ? reader.get<std::int64_t>("a dimension")
                               : static_cast<std::int64_t>(reader.get<std::uint32_t>("a dimension")));
        reader.expect(dims.back() >= 0, "a dimension that is not negative");
    }
    return Shape(std::move(dims));
}

/// Returns the array's values as fp32, or the array itself if it does not hold floats of another width.
Tensor fp32_of(const Tensor& array) {
    const DType type = array.dtype();
    if (type != DType::f16 && type != DType::bf16 && type != DType::f64) return array;
    Tensor result({DType::f32, array.shape()});
    const auto out = result.mutable_view().as<float>();
    const std::byte* const data = array.view().data;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (type == DType::f64) {
            out[i] = static_cast<float>(array.as<double>()[i]);
            continue;
        }
        std::uint16_t bits = 0;
        std::memcpy(&bits, data + 2 * i, 2);
        out[i] = type == DType::f16 ? float_of_float16(bits) : float_of_bfloat16(bits);
    }
    return result;
}

/// Reads element type and values, which every form has behind shape and device.
Tensor read_values(ByteReader& reader, Shape shape) {
    (void)reader.get<std::int32_t>("a kind of device");
    (void)reader.get<std::int32_t>("a number of a device");
    const auto type = reader.get<std::uint32_t>("an element type");
    reader.expect(type < kMxnetTypes.size(), "an element type from 0 to 12");
    if (!reader.ok()) return {};
    const DType dtype = kMxnetTypes[type];
    // An overflowing product stays at the largest number. Zeros are left out of the limit, because [2^60, 2^60, 0]
    // would pass it and overflow in the next product that somebody computes.
    auto bytes = static_cast<std::int64_t>(size_of(dtype));
    std::int64_t elements = 1;
    for (const std::int64_t dim : shape.dims()) {
        bytes = saturating_product(bytes, dim);
        elements = saturating_product(elements, std::max<std::int64_t>(dim, 1));
    }
    reader.expect(elements <= kMostParamElements, "an array of at most 2^40 elements");
    const std::string_view values = reader.get_bytes(static_cast<std::uint64_t>(bytes), "an array's values");
    if (!reader.ok()) return {};
    Tensor array({dtype, std::move(shape)});
    std::copy_n(reinterpret_cast<const std::byte*>(values.data()), values.size(), array.mutable_view().data);
    return fp32_of(array);
}

/// Reads one array. @return an empty tensor for an array that holds nothing
/// @throws ModelError for a sparse array
Tensor read_array(ByteReader& reader, const std::string& name) {
    const auto magic = reader.get<std::uint32_t>("an array");
    if (magic != kMagicV2 && magic != kMagicV3) {
        const bool is_v1 = magic == kMagicV1;
        const std::uint32_t ndim = is_v1 ? reader.get<std::uint32_t>("a number of dimensions") : magic;
        Shape shape = read_mxnet_shape(reader, ndim, is_v1);
        if (ndim == 0) return {};  // these forms have no scalars: the array is none, and nothing follows
        return read_values(reader, std::move(shape));
    }
    const auto storage = reader.get<std::int32_t>("a storage type");
    if (reader.ok() && storage != 0) {
        throw ModelError(name + ": has sparse arrays, which are not supported; save it with tostype('default')");
    }
    const auto ndim = reader.get<std::int32_t>("a number of dimensions");
    if (ndim == -1 || (magic == kMagicV2 && ndim == 0)) return {};  // the array is none, and nothing follows
    return read_values(reader, read_mxnet_shape(reader, static_cast<std::uint32_t>(ndim), true));
}

}  // namespace

std::map<std::string, Tensor> read_mxnet_params(std::string_view bytes, const std::string& name) {
    ByteReader reader(bytes, name);
    const auto magic = reader.get<std::uint64_t>("MXNet's number of a list of arrays");
    reader.expect(magic == kListMagic, "a .params file of MXNet, which begins with 0x112");
    (void)reader.get<std::uint64_t>("a reserved number");
    const auto count = reader.get<std::uint64_t>("a number of arrays");
    std::vector<Tensor> arrays;
    // The count is not trusted: each array takes at least four bytes, so the loop ends with the file.
    for (std::uint64_t i = 0; reader.ok() && i < count; ++i) arrays.push_back(read_array(reader, name));
    const auto name_count = reader.get<std::uint64_t>("a number of names");
    reader.require<ModelError>();
    if (name_count != arrays.size()) {
        throw ModelError(name + ": its arrays have no names, so they cannot be given to a network");
    }
    std::map<std::string, Tensor> params;
    for (Tensor& array : arrays) {
        const auto length = reader.get<std::uint64_t>("the length of a name");
        std::string key(reader.get_bytes(length, "a name"));
        reader.require<ModelError>();
        if (key.starts_with("arg:") || key.starts_with("aux:")) key = key.substr(4);
        if (array.is_empty()) continue;
        if (!params.emplace(key, std::move(array)).second) {
            throw ModelError(fmt::format("{}: the name '{}' stands twice", name, key));
        }
    }
    reader.require_end<ModelError>();
    return params;
}

}  // namespace halftone
