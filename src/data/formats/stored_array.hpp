#pragma once
// An array in a file whose rows are samples: what the data sets Numpy and HDF5 are made of.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tensor/field.hpp"

namespace halftone {

class StoredArray {
public:
    virtual ~StoredArray() = default;
    /// Returns where the array lies, for messages: "ids.npy", "a.h5::/eval/ids".
    [[nodiscard]] virtual const std::string& place() const = 0;
    [[nodiscard]] virtual std::int64_t rows() const = 0;
    /// Returns what a row is; the name of the field is empty.
    [[nodiscard]] virtual const Field& row_field() const = 0;
    /// Returns one row. Any thread may call it. @pre 0 <= row < rows()
    /// @throws DataError when the file is not what it was when it was opened
    [[nodiscard]] virtual FieldValue read_row(std::int64_t row) const = 0;
    /// Returns the rows [first, last) as one tensor whose first dimension counts them. Any thread may call it.
    /// @pre 0 <= first <= last <= rows(), and the rows hold numbers. @throws DataError as read_row
    [[nodiscard]] virtual Tensor read_rows(std::int64_t first, std::int64_t last) const;
    /// Returns the identity of the content: of types, sizes, and the first and last bytes. A hash of all bytes would
    /// read a data set of any size at every start.
    [[nodiscard]] virtual std::uint64_t content_hash() const = 0;
};

/// Opens a .npy file. Rows are read from the file one by one, so that memory does not grow with the data set.
/// @throws DataError naming the file: no such file, not .npy, no rows, a size that does not fit its shape
[[nodiscard]] std::unique_ptr<StoredArray> open_npy(const std::string& path);

/// Opens the array `name` of an .npz file, as numpy.savez and numpy.savez_compressed write it. A packed array is
/// unpacked into memory as a whole; others are read row by row.
/// @throws DataError as above, and when the archive is damaged or holds no such array; the message lists those it holds
[[nodiscard]] std::unique_ptr<StoredArray> open_npz(const std::string& path, const std::string& name);

/// Opens a dataset of an HDF5 file, by its path in the file. Rows are read one by one. A row of variable length
/// (h5py.vlen_dtype) is a list of numbers, whose only size is kSymbolic.
/// @throws DataError "file::dataset: …": no such file or dataset, a link, elements in another file, a filter that
///         is not read, elements that are neither numbers nor texts, rows of variable length that are packed
[[nodiscard]] std::unique_ptr<StoredArray> open_h5(const std::string& path, const std::string& name);

/// Attributes of the root of an HDF5 file, read at once, so that the file is not kept open for them.
struct H5Attributes {
    std::map<std::string, std::string> texts;
    std::map<std::string, std::int64_t> integers;
};

/// Reads the attributes with these names of a file that says of itself that it is `format` of this version.
/// @throws DataError "file: …" when it is another file, or an attribute is missing
[[nodiscard]] H5Attributes read_h5_attributes(const std::string& path, const std::string& format, std::int64_t version,
                                              const std::vector<std::string>& texts,
                                              const std::vector<std::string>& integers);

}  // namespace halftone
