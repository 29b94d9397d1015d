#include "dump/h5/types.hpp"

#include <algorithm>
#include <array>

#include "base/check.hpp"

namespace halftone::h5 {

// The native types are those of this machine's memory. The file stores the same bytes and says so, and the library
// converts when a machine of another byte order reads it.
hid_t native_type(DType dtype) {
    switch (dtype) {
        case DType::f32:
            return H5T_NATIVE_FLOAT;
        case DType::f64:
            return H5T_NATIVE_DOUBLE;
        case DType::u8:
            return H5T_NATIVE_UINT8;
        case DType::s8:
            return H5T_NATIVE_INT8;
        case DType::s16:
            return H5T_NATIVE_INT16;
        case DType::u16:
            return H5T_NATIVE_UINT16;
        case DType::u32:
            return H5T_NATIVE_UINT32;
        case DType::u64:
            return H5T_NATIVE_UINT64;
        case DType::s32:
            return H5T_NATIVE_INT32;
        case DType::s64:
            return H5T_NATIVE_INT64;
        default:
            break;
    }
    HALFTONE_CHECK(false, "a type that is stored in HDF5");
    return -1;
}

std::optional<DType> dtype_of(hid_t type) {
    // Types are compared by their properties: the id of a type that was read from a file is always a new one.
    for (const DType dtype : {DType::f32, DType::f64, DType::u8, DType::s8, DType::u16, DType::s16, DType::u32,
                              DType::s32, DType::u64, DType::s64}) {
        if (H5Tequal(type, native_type(dtype)) > 0) return dtype;
    }
    return std::nullopt;
}

Type text_type(std::size_t length) {
    // H5T_C_S1 is a text of one byte; a copy of it can be sized. Fixed lengths are read by every tool, also in old
    // versions, and unlike variable lengths they compress.
    Type type(H5Tcopy(H5T_C_S1), "make a text type");
    check(H5Tset_size(type.get(), std::max<std::size_t>(1, length)), "size a text type");
    check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "make a text type UTF-8");
    check(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "pad a text type");
    return type;
}

Type code_type(const std::vector<std::string>& names) {
    // Names are stored once, with the type; each element is a byte. h5py shows them as an enum.
    Type type(H5Tenum_create(H5T_NATIVE_UINT8), "make an enum type");
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto code = static_cast<std::uint8_t>(i);
        check(H5Tenum_insert(type.get(), names[i].c_str(), &code), "add '" + names[i] + "' to an enum type");
    }
    return type;
}

Space space_of(const std::vector<std::int64_t>& shape, const std::string& what) {
    std::vector<hsize_t> dims(shape.begin(), shape.end());
    return {H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr), "make the space of " + what};
}

void select_rows(const Space& space, std::int64_t first, std::int64_t count, const std::string& what) {
    // A hyperslab: all of every dimension but the first, of which the rows [first, first + count).
    std::array<hsize_t, H5S_MAX_RANK> start{};
    std::array<hsize_t, H5S_MAX_RANK> size{};
    const int rank = H5Sget_simple_extent_dims(space.get(), size.data(), nullptr);
    HALFTONE_CHECK(rank > 0, "rows are of an array");
    start[0] = static_cast<hsize_t>(first);
    size[0] = static_cast<hsize_t>(count);
    check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr),
          "select rows of " + what);
}

}  // namespace halftone::h5
