#include "dump/h5/stored_size.hpp"

#include <algorithm>
#include <array>

namespace halftone::h5 {
namespace {

/// Shapes beyond this are damage: nothing that we write comes near. Products with the size of an element cannot
/// overflow then.
constexpr std::uint64_t kMostElements = std::uint64_t{1} << 40U;
/// Numbers have up to 16 bytes, texts of ours are a few KiB.
constexpr std::uint64_t kMostElementBytes = std::uint64_t{1} << 22U;
/// Source: zlib's technical notes, "Maximum Compression Factor".
constexpr std::uint64_t kMostDeflateRatio = 1032;

std::optional<std::uint64_t> limited_product(const hsize_t* sizes, int rank) {
    std::uint64_t product = 1;
    for (int d = 0; d < rank; ++d) {
        if (sizes[d] != 0 && product > kMostElements / sizes[d]) return std::nullopt;
        product *= sizes[d];
    }
    return product;
}

/// The elements of a chunk, which is read and unpacked as a whole; 0 if the dataset has no chunks.
std::optional<std::uint64_t> chunk_elements(const List& how) {
    if (H5Pget_layout(how.get()) != H5D_CHUNKED) return 0;
    std::array<hsize_t, H5S_MAX_RANK> sides{};
    const int rank = H5Pget_chunk(how.get(), static_cast<int>(sides.size()), sides.data());
    return rank < 0 ? std::nullopt : limited_product(sides.data(), rank);
}

/// What the filters of a dataset are: all of them known, and one of them packs.
struct Filters {
    bool are_known = true;
    bool pack = false;
};

Filters filters_of(const List& how) {
    Filters filters;
    const int count = H5Pget_nfilters(how.get());
    for (int i = 0; i < count; ++i) {
        unsigned flags = 0;
        std::size_t values = 0;
        const H5Z_filter_t filter =
            H5Pget_filter2(how.get(), static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, nullptr);
        const bool packs = filter == H5Z_FILTER_DEFLATE;
        filters.pack = filters.pack || packs;
        filters.are_known =
            filters.are_known && (packs || filter == H5Z_FILTER_SHUFFLE || filter == H5Z_FILTER_FLETCHER32);
    }
    return filters;
}

}  // namespace

std::optional<std::uint64_t> element_count(const Space& space) {
    if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) return 0;
    std::array<hsize_t, H5S_MAX_RANK> dims{};
    const int rank = H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr);
    return rank < 0 ? std::nullopt : limited_product(dims.data(), rank);
}

std::string why_not_read(const Set& set, std::uint64_t file_bytes) {
    const List how(H5Dget_create_plist(set.get()), "read how it is stored");
    if (H5Pget_external_count(how.get()) != 0 || H5Pget_layout(how.get()) == H5D_VIRTUAL) {
        return "takes its elements from another file, which is not followed";
    }
    const Filters filters = filters_of(how);
    if (!filters.are_known) return "is stored with a filter that is not read; known are deflate, shuffle, fletcher32";
    const Space space(H5Dget_space(set.get()), "read its shape");
    const Type type(H5Dget_type(set.get()), "read its type");
    const std::uint64_t size = H5Tget_size(type.get());
    const auto elements = element_count(space);
    const auto chunk = chunk_elements(how);
    if (!elements || !chunk || size == 0 || size > kMostElementBytes) return "has an impossible shape";
    if (*elements == 0) return "";
    const std::uint64_t claimed = std::max(*elements, *chunk) * size;
    // A contiguous dataset stores what its header says, and that may reach beyond the end of the file.
    const std::uint64_t stored = H5Dget_storage_size(set.get());
    if (stored > file_bytes || claimed / (filters.pack ? kMostDeflateRatio : 1) > stored) {
        return "claims " + std::to_string(claimed) + " bytes; the file does not hold so many";
    }
    return "";
}

}  // namespace halftone::h5
