#pragma once
// H5Writer: an HDF5 file that is either complete or absent. It is written as PATH.tmp and gets its name when it is
// closed and synced. A writer that is destroyed before commit() removes the .tmp; a killed process leaves it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dump/h5_values.hpp"
#include "tensor/dtype.hpp"

namespace halftone {

/// A dataset [rows, inner…] that is filled row by row.
struct H5Rows {
    std::string path;
    DType dtype = DType::f32;  ///< f32, u8, s8
    std::vector<std::int64_t> shape;
    std::int64_t chunk_rows = 1;
    int gzip = 0;  ///< level 1 to 9; 0: not compressed
};

/// A column of a table.
struct H5Column {
    std::string name;
    std::string description;
    std::string units;
    H5Elements elements;
};

/// Rows of a dataset in another file, beside this one.
struct H5Source {
    std::string file;  ///< its name, without folders
    std::string path;
    std::int64_t first = 0;  ///< index of its first row in this dataset
    std::int64_t rows = 0;
};

/// Where a file is built. HDF5 1.10 may crash if the disk is full while it does more than write rows, so only a file
/// that is too large for memory is built on the disk.
enum class H5Growth { in_memory, on_disk };

/// Starts the library. Programs under MPI call it before MPI_Init. It turns off HDF5's own clean-up at the end of MPI
/// and of the process, which crashes if a file could not be written. A second call does nothing.
void start_hdf5();

class H5Writer {
public:
    /// @throws IoError
    explicit H5Writer(const std::string& path, H5Growth growth = H5Growth::in_memory);
    ~H5Writer();
    H5Writer(const H5Writer&) = delete;
    H5Writer& operator=(const H5Writer&) = delete;

    void group(const std::string& path, const std::string& description);
    /// Of a group or dataset that exists.
    void attribute(const std::string& object, const std::string& name, const H5Attribute& value);
    void array(const H5Array& array);
    /// Columns of one length under a group; the first is the dimension scale of the others.
    void table(const std::string& path, const std::string& description, const std::vector<H5Column>& columns);
    void create_rows(const H5Rows& rows);
    /// @param data  count rows of the dataset's type
    void write_rows(const std::string& path, std::int64_t first, std::int64_t count, const std::byte* data);
    /// One dataset made of the rows of several: a virtual dataset.
    void virtual_rows(const H5Rows& rows, const std::vector<H5Source>& sources);
    /// Copies an object with all below it from another file.
    void copy(const std::string& file, const std::string& from, const std::string& to);
    /// Closes, syncs and renames the file. @throws IoError; then PATH is unchanged
    void commit();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace halftone
