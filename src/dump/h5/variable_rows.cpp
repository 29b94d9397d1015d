// Rows of variable length.
//
//   VariableRows   how the references are stored: side by side, or in chunks
//   reference      the reference of a row, out of its packed chunk where need be
//   row            reference, collection, object, and the length that the reference says
#include "dump/h5/variable_rows.hpp"

#include <algorithm>

#include "base/budget.hpp"
#include "base/byte_reader.hpp"
#include "base/file_system.hpp"
#include "dump/h5/global_heap.hpp"

namespace halftone::h5 {
namespace {

constexpr std::uint64_t kReferenceBytes = 16;
/// Chunks of h5py have about a mebibyte at most.
constexpr std::uint64_t kMostPackedRows = std::uint64_t{1} << 24U;
/// Source: zlib's technical notes, "Maximum Compression Factor".
constexpr std::uint64_t kMostInflation = 1032;

/// Returns how the chunks are packed; nothing if there are other filters than shuffle and deflate behind it.
std::optional<Packing> packing_of(const List& how) {
    std::vector<H5Z_filter_t> filters;
    for (int i = 0; i < H5Pget_nfilters(how.get()); ++i) {
        unsigned flags = 0;
        std::size_t values = 0;
        filters.push_back(
            H5Pget_filter2(how.get(), static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, nullptr));
    }
    using Numbers = std::vector<H5Z_filter_t>;
    if (filters.empty()) return Packing{};
    if (filters == Numbers{H5Z_FILTER_SHUFFLE}) return Packing{ChunkFilter::shuffle};
    if (filters == Numbers{H5Z_FILTER_DEFLATE}) return Packing{ChunkFilter::deflate};
    if (filters == Numbers{H5Z_FILTER_SHUFFLE, H5Z_FILTER_DEFLATE})
        return Packing{ChunkFilter::shuffle, ChunkFilter::deflate};
    return std::nullopt;
}

/// A line of Python that stores rows once more in the same file, in one dimension and not packed.
/// @param name  of the dataset  @param suffix  of the new one's  @param rows  an index of Python
std::string copy_in_h5py(const std::string& path, const std::string& name, const std::string& suffix,
                         const std::string& rows) {
    return "f = h5py.File('" + path + "', 'a'); f.create_dataset('" + name + suffix + "', data=f['" + name + "']" +
           rows + ", dtype=f['" + name + "'].dtype)";
}

}  // namespace

VariableRows::VariableRows(const Set& set, const std::string& path, const std::string& place,
                           const std::vector<std::int64_t>& shape, std::size_t element_bytes)
    : path_(path), place_(place), file_bytes_(make_posix_file_system()->size(path)), element_bytes_(element_bytes) {
    const auto refuse = [&](const std::string& why) {
        throw DataError(place_ + ": holds rows of variable length " + why);
    };
    const std::string name = place_.substr(std::min(place_.size(), path_.size() + 2));
    if (shape.size() != 1) {
        refuse(
            "in more than one dimension, and one text or list for each row is read. Rewritten in h5py, a column is "
            "read: " +
            copy_in_h5py(path_, name, "_0", "[:, 0]"));
    }
    const List how(H5Dget_create_plist(set.get()), "read how it is stored");
    const auto packing = packing_of(how);
    if (!packing) {
        // Packing such rows only packs where they lie, so nothing is lost without.
        refuse("behind filters that are not read (gzip and shuffle are). Rewritten in h5py, they are read: " +
               copy_in_h5py(path_, name, "_plain", "[:]"));
    }
    packing_ = *packing;
    // Addresses are relative to a block of the user's in front of the file's own, which nearly no file has.
    const File file(H5Iget_file_id(set.get()), "find its file");
    const List made(H5Fget_create_plist(file.get()), "read how the file was made");
    hsize_t user_bytes = 0;
    std::size_t address_bytes = 0;
    std::size_t size_bytes = 0;
    check(H5Pget_userblock(made.get(), &user_bytes), "read how the file was made");
    check(H5Pget_sizes(made.get(), &address_bytes, &size_bytes), "read how the file was made");
    if (user_bytes != 0 || address_bytes != 8 || size_bytes != 8) {
        refuse("in a file with a user block or addresses of another size, which is not read");
    }
    switch (H5Pget_layout(how.get())) {
        case H5D_CONTIGUOUS: {
            const haddr_t first = H5Dget_offset(set.get());
            if (first == HADDR_UNDEF) refuse("that were never written");
            first_ = first;
            break;
        }
        case H5D_CHUNKED: {
            hsize_t rows = 0;
            if (H5Pget_chunk(how.get(), 1, &rows) != 1 || rows == 0) refuse("in chunks that are damaged");
            chunk_rows_ = rows;
            if (!packing_.empty() && chunk_rows_ > kMostPackedRows) refuse("in packed chunks of more than 2^24 rows");
            break;
        }
        default:
            refuse("in the header of the file, which is not read");
    }
}

/// Returns the 16 bytes that say where a row's elements lie.
std::string VariableRows::reference(const Set& set, std::int64_t row, const std::string& place) const {
    const auto number = static_cast<std::uint64_t>(row);
    if (chunk_rows_ == 0) return part(first_ + number * kReferenceBytes, kReferenceBytes, place);
    const hsize_t first_of_chunk = number / chunk_rows_ * chunk_rows_;
    const std::uint64_t in_chunk = (number - first_of_chunk) * kReferenceBytes;
    if (unpacked_first_ == first_of_chunk) return unpacked_.substr(in_chunk, kReferenceBytes);
    unsigned left_out = 0;
    haddr_t address = HADDR_UNDEF;
    hsize_t stored_bytes = 0;
    const herr_t found = H5Dget_chunk_info_by_coord(set.get(), &first_of_chunk, &left_out, &address, &stored_bytes);
    const std::uint64_t bytes = chunk_rows_ * kReferenceBytes;
    const std::uint64_t most = packing_.empty() ? stored_bytes : stored_bytes * kMostInflation;
    if (found < 0 || address == HADDR_UNDEF || stored_bytes > file_bytes_ || most < bytes) {
        throw DataError(place + " was never written");
    }
    if (packing_.empty()) return part(address + in_chunk, kReferenceBytes, place);
    unpacked_first_.reset();
    // A small file may claim large chunks: unpacking takes the bytes, and as many again while filters run.
    const BudgetedBytes taken(process_budget(), 2 * bytes, place);
    unpacked_ = unpack_chunk(part(address, stored_bytes, place), packing_, left_out, bytes, kReferenceBytes, place);
    unpacked_first_ = first_of_chunk;
    return unpacked_.substr(in_chunk, kReferenceBytes);
}

/// Bytes of the file. Nothing is read, and no memory taken, for what lies beyond its end.
/// @param place  that refers to them, for messages
std::string VariableRows::part(std::uint64_t address, std::uint64_t bytes, const std::string& place) const {
    if (address > file_bytes_ || bytes > file_bytes_ - address) {
        throw DataError(place + ": refers to bytes beyond the end of the file");
    }
    try {
        return make_posix_file_system()->read_part(path_, address, bytes);
    } catch (const IoError& error) {
        throw DataError(error.what());
    }
}

std::string VariableRows::row(const Set& set, std::int64_t row) const {
    const std::string place = place_ + ": record " + std::to_string(row);
    const std::string bytes = reference(set, row, place);
    ByteReader reader(bytes, place);
    const auto elements = reader.get<std::uint32_t>("a length");
    const auto address = reader.get<std::uint64_t>("an address");
    const auto index = reader.get<std::uint32_t>("the number of an object");
    reader.require_end<DataError>();
    if (elements == 0) return {};
    const std::string header = part(address, kHeapHeaderBytes, place);
    const std::string collection = part(address, heap_bytes(header, place), place);
    const std::string_view object = heap_object(collection, index, place);
    const std::uint64_t wanted = std::uint64_t{elements} * element_bytes_;
    if (wanted > object.size()) {
        throw DataError(place + ": its length is " + std::to_string(elements) + " elements, the file holds " +
                        std::to_string(object.size() / element_bytes_));
    }
    return std::string(object.substr(0, static_cast<std::size_t>(wanted)));
}

}  // namespace halftone::h5
