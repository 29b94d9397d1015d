#pragma once
// Rows of variable length: texts and lists of numbers as h5py writes them (h5py.string_dtype, h5py.vlen_dtype). HDF5's
// library would follow whatever lengths and addresses the file holds, so they are read here, with checks. Private to
// the room dump.
//
//   dataset: 16 bytes for each row ──► global heap collection "GCOL": objects with a number and a size each
//            length, address, number
//
// Source: HDF5 File Format Specification version 3.0, III.E "Disk Format: Level 1E - Global Heap", and VIII.B for the
// reference to an object of it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dump/h5/handle.hpp"
#include "dump/h5/packed_chunk.hpp"

namespace halftone::h5 {

/// Not thread-safe: the chunk that was unpacked last is kept.
class VariableRows {
public:
    /// @param path  the file, on a disk  @param place  "file::object", for messages
    /// @param element_bytes  of one element of a row: 1 for texts
    /// @throws DataError when the rows are stored in a way that is not read: in more than one dimension, or behind
    ///         filters other than shuffle and deflate
    VariableRows(const Set& set, const std::string& path, const std::string& place,
                 const std::vector<std::int64_t>& shape, std::size_t element_bytes);

    /// Returns the elements of one row as they are stored. @pre 0 <= row < number of rows
    /// @throws DataError when the row refers to something that is not there
    [[nodiscard]] std::string row(const Set& set, std::int64_t row) const;

private:
    [[nodiscard]] std::string reference(const Set& set, std::int64_t row, const std::string& place) const;
    [[nodiscard]] std::string part(std::uint64_t address, std::uint64_t bytes, const std::string& place) const;

    std::string path_, place_;
    std::uint64_t file_bytes_ = 0;
    std::size_t element_bytes_;
    std::uint64_t first_ = 0;       ///< address of the first row's reference, where the rows lie side by side
    std::uint64_t chunk_rows_ = 0;  ///< rows of a chunk; 0: the rows lie side by side
    Packing packing_;               ///< of the chunks
    mutable std::optional<std::uint64_t> unpacked_first_;  ///< first row of the chunk that was unpacked last
    mutable std::string unpacked_;                         ///< the references of that chunk
};

}  // namespace halftone::h5
