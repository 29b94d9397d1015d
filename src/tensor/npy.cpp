// .npy files: NumPy's format for one array, which users read and write with one line of Python.
//
//   to_npy     header text with type and shape, then the bytes as they lie in memory
//   from_npy   the same backwards, with every number of the header checked (parse_header, field, dtype_in, shape_in);
//              other orders of bytes and of elements become ours (turn_bytes_round, in_c_order)
#include "tensor/npy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/byte_reader.hpp"
#include "base/check.hpp"
#include "base/error.hpp"

namespace halftone {
namespace {

constexpr std::array<std::pair<DType, std::string_view>, 12> kDescriptors{{{DType::f32, "<f4"},
                                                                           {DType::f64, "<f8"},
                                                                           {DType::f16, "<f2"},
                                                                           {DType::s8, "|i1"},
                                                                           {DType::u8, "|u1"},
                                                                           {DType::s16, "<i2"},
                                                                           {DType::u16, "<u2"},
                                                                           {DType::s32, "<i4"},
                                                                           {DType::u32, "<u4"},
                                                                           {DType::s64, "<i8"},
                                                                           {DType::u64, "<u8"},
                                                                           {DType::boolean, "|b1"}}};

std::string_view descriptor(DType dtype) {
    for (const auto& [known, word] : kDescriptors) {
        if (known == dtype) return word;
    }
    return {};
}

[[noreturn]] void refuse(const std::string& name, const std::string& why) { throw DataError(name + ": " + why); }

/// The value of `key` in the header's dictionary, up to `end`.
/// The header is a Python dictionary. Only what NumPy itself writes is understood: a full parser would be a large thing
/// to give to untrusted bytes.
std::string_view field(std::string_view header, std::string_view key, std::string_view end, const std::string& name) {
    const std::size_t at = header.find(fmt::format("'{}':", key));
    if (at == std::string_view::npos) refuse(name, fmt::format("its .npy header has no '{}'", key));
    std::string_view value = header.substr(at + key.size() + 3);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    return value.substr(0, value.find_first_of(end));
}

/// How the values of a file lie, where that is not as we hold them.
struct NpyOrder {
    bool is_fortran = false;     ///< the first dimension varies fastest
    bool is_big_endian = false;  ///< of elements with several bytes
};

DType dtype_in(std::string_view header, NpyOrder& order, const std::string& name) {
    const std::string_view quoted = field(header, "descr", ",}", name);
    for (const auto& [dtype, word] : kDescriptors) {
        if (quoted.size() != word.size() + 2) continue;
        const std::string_view given = quoted.substr(1, word.size());
        // '>f4' is '<f4' with the bytes of each element turned round; '|' stands before single bytes.
        order.is_big_endian = given.starts_with('>') && word.starts_with('<');
        if (given == word || (order.is_big_endian && given.substr(1) == word.substr(1))) return dtype;
    }
    std::string known;
    for (const auto& [dtype, word] : kDescriptors) known += fmt::format(" '{}'", word);
    refuse(name, fmt::format("element type {} is not supported; supported:{}", quoted, known));
}

Shape shape_in(std::string_view header, const std::string& name) {
    constexpr std::int64_t kMost = std::int64_t{1} << 40;
    std::string_view tuple = field(header, "shape", ")", name);
    if (!tuple.starts_with('(')) refuse(name, "its .npy header has no shape");
    tuple.remove_prefix(1);
    std::vector<std::int64_t> dims;
    std::int64_t product = 1;
    while (!tuple.empty()) {
        std::int64_t dim = 0;
        tuple.remove_prefix(std::min(tuple.find_first_not_of(", "), tuple.size()));
        if (tuple.empty()) break;
        const auto [end, error] = std::from_chars(tuple.data(), tuple.data() + tuple.size(), dim);
        // A product that is too large, or overflows, is refused before memory is taken for it.
        const bool is_good = error == std::errc() && dim >= 0 && dim <= kMost / std::max<std::int64_t>(product, 1);
        if (!is_good) refuse(name, fmt::format("its .npy shape has a bad number: '{}'", tuple.substr(0, 60)));
        product *= std::max<std::int64_t>(dim, 1);
        dims.push_back(dim);
        tuple.remove_prefix(static_cast<std::size_t>(end - tuple.data()));
    }
    return Shape(std::move(dims));
}

/// A bool is a byte, and any other byte than 0 and 1 would be undefined later on.
void check_bools(const Tensor& tensor, const std::string& name) {
    for (const std::uint8_t value : tensor.as<std::uint8_t>()) {
        if (value > 1) refuse(name, fmt::format("holds the bool value {}", value));
    }
}

/// Everything is checked in the order of the bytes.
NpyHeader parse_header(std::string_view bytes, NpyOrder& order, const std::string& name) {
    ByteReader file(bytes, name);
    if (file.get_bytes(6) != "\x93NUMPY") refuse(name, "is not a .npy file");
    const auto version = file.get<std::uint8_t>("a major version");
    static_cast<void>(file.get<std::uint8_t>("a minor version"));
    file.require<DataError>();
    if (version < 1 || version > 3) refuse(name, fmt::format("has .npy version {}; supported: 1 to 3", version));
    // Versions 2 and 3 have four bytes of length where version 1 has two.
    const std::uint32_t length =
        version == 1 ? file.get<std::uint16_t>("a header length") : file.get<std::uint32_t>("a header length");
    const std::string_view header = file.get_bytes(length, "a .npy header");
    file.require<DataError>();
    order.is_fortran = field(header, "fortran_order", ",}", name) != "False";
    const DType dtype = dtype_in(header, order, name);
    return {{dtype, shape_in(header, name)}, bytes.size() - file.left()};
}

void turn_bytes_round(Tensor& tensor) {
    const std::size_t width = size_of(tensor.dtype());
    std::byte* data = tensor.mutable_view().data;
    for (std::size_t at = 0; at < tensor.bytes(); at += width) std::reverse(data + at, data + at + width);
}

/// Returns the same array in C order. In the given one, the first dimension varies fastest.
Tensor in_c_order(const Tensor& fortran) {
    Tensor result(fortran.type());
    const std::size_t width = size_of(fortran.dtype());
    const Shape& shape = fortran.shape();
    std::vector<std::int64_t> index(shape.rank(), 0);
    std::byte* out = result.mutable_view().data;
    for (std::int64_t i = 0; i < shape.elements(); ++i, out += width) {
        std::int64_t from = 0;
        for (std::size_t d = shape.rank(); d-- > 0;) from = from * shape[d] + index[d];
        std::copy_n(fortran.view().data + static_cast<std::size_t>(from) * width, width, out);
        for (std::size_t d = shape.rank(); d-- > 0 && ++index[d] == shape[d];) index[d] = 0;
    }
    return result;
}

}  // namespace

NpyHeader parse_npy_header(std::string_view bytes, const std::string& name) {
    NpyOrder order;
    NpyHeader header = parse_header(bytes, order, name);
    // Rows of a data set are read from the file as they lie there.
    if (order.is_fortran) refuse(name, "is in Fortran order; save it with numpy.ascontiguousarray");
    if (order.is_big_endian) refuse(name, "is big-endian; save it with array.astype(array.dtype.newbyteorder('<'))");
    return header;
}

// Version 1.0 of the format. The header is padded so that the values begin at a multiple of 64 bytes: readers may map
// the file. Source: numpy/lib/format.py, "Format Version 1.0".
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

Tensor from_npy(std::string_view bytes, const std::string& name, std::vector<std::string>* notes) {
    NpyOrder order;
    const NpyHeader header = parse_header(bytes, order, name);
    const TensorType& type = header.type;
    const std::string_view values = bytes.substr(header.size);
    const std::size_t needed = static_cast<std::size_t>(type.shape.elements()) * size_of(type.dtype);
    // Neither too few values nor any that nobody would read.
    if (values.size() != needed) {
        refuse(name, fmt::format("has {} bytes of values; its shape {} needs {}", values.size(), type.shape.to_text(),
                                 needed));
    }
    Tensor tensor(type);
    std::copy_n(reinterpret_cast<const std::byte*>(values.data()), needed, tensor.mutable_view().data);
    if (type.dtype == DType::boolean) check_bools(tensor, name);
    const auto note = [&](const char* what) {
        if (notes != nullptr) notes->push_back(name + what);
    };
    if (order.is_big_endian) {
        turn_bytes_round(tensor);
        note(": its values are big-endian and were turned into little-endian ones");
    }
    // A single dimension lies alike in both orders.
    if (order.is_fortran && type.shape.rank() > 1) {
        tensor = in_c_order(tensor);
        note(": it is in Fortran order and was turned into C order");
    }
    return tensor;
}

}  // namespace halftone
