#pragma once
// H5Reader: reads HDF5 files without trusting them. It follows hard links only and opens no other file: a link, an
// external or a virtual dataset is refused. It takes no more memory than the file really holds (unpacked), and loads no
// plug-in for a filter. A file that crashes the library is refused (h5/crash_guard.hpp).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dump/h5_values.hpp"
#include "tensor/dtype.hpp"

namespace halftone {

/// Shape and type of a dataset.
struct H5Layout {
    DType dtype = DType::f32;  ///< of plain numbers; texts and codes are read by their own functions
    std::vector<std::int64_t> shape;
};

/// The rows of one dataset, which stays open, so that the library keeps the chunks that it has unpacked last.
class H5RowReader {
public:
    ~H5RowReader();
    H5RowReader(H5RowReader&&) noexcept;
    H5RowReader& operator=(H5RowReader&&) noexcept;

    /// Returns whether the dataset holds texts. Then layout().dtype says nothing.
    [[nodiscard]] bool are_texts() const;
    /// Returns whether each row is a list of numbers with a length of its own. Then layout() is about the rows and the
    /// type of their numbers, and row_bytes() reads them.
    [[nodiscard]] bool have_lengths() const;
    [[nodiscard]] const H5Layout& layout() const;
    /// Reads one row as it is stored. @param data  room for exactly this row. @pre it holds numbers, and rows are equal
    /// @throws DataError "file::object: …" when the row is not there
    void read(std::int64_t row, std::span<std::byte> data) const;
    /// Returns the texts of one row. @pre are_texts(). @throws DataError as read()
    [[nodiscard]] std::vector<std::string> texts(std::int64_t row) const;
    /// Returns the bytes of the numbers of one row. @pre have_lengths(). @throws DataError as read()
    [[nodiscard]] std::string row_bytes(std::int64_t row) const;

private:
    friend class H5Reader;
    struct State;
    explicit H5RowReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Whether a copy of this process reads a file before the process does, because the library might crash. Only the copy
/// itself does without.
enum class H5Guard { on, off };

class H5Reader {
public:
    /// @pre no other thread uses the library
    /// @throws DataError naming file and reason: missing, no HDF5 file, cut off, so damaged that the library crashes
    explicit H5Reader(const std::string& path, H5Guard guard = H5Guard::on);
    /// Reads bytes that this process has made itself, without a guard; `name` stands for a path in messages.
    /// @throws DataError as above
    H5Reader(std::string_view bytes, const std::string& name);
    ~H5Reader();
    H5Reader(const H5Reader&) = delete;
    H5Reader& operator=(const H5Reader&) = delete;

    [[nodiscard]] bool has(const std::string& path) const;
    /// Names in a group, in the order of their making.
    [[nodiscard]] std::vector<std::string> list(const std::string& group) const;
    /// Names of an object's attributes, sorted; at most 1000 of them.
    [[nodiscard]] std::vector<std::string> attributes(const std::string& object) const;
    [[nodiscard]] bool has_attribute(const std::string& object, const std::string& name) const;
    // @throws DataError "file::object: …" when it is missing or of another kind
    [[nodiscard]] std::string text_attribute(const std::string& object, const std::string& name) const;
    [[nodiscard]] std::int64_t integer_attribute(const std::string& object, const std::string& name) const;
    [[nodiscard]] std::vector<double> numbers_attribute(const std::string& object, const std::string& name) const;
    [[nodiscard]] H5Layout layout(const std::string& path) const;
    /// The number of bytes of all elements of a dataset, of whatever type.
    [[nodiscard]] std::uint64_t bytes(const std::string& path) const;
    [[nodiscard]] std::vector<double> numbers(const std::string& path) const;
    [[nodiscard]] std::vector<std::int64_t> integers(const std::string& path) const;
    [[nodiscard]] std::vector<std::string> texts(const std::string& path) const;
    /// Opens a dataset of numbers or texts for reading row by row. It may outlive the reader.
    [[nodiscard]] H5RowReader rows(const std::string& path) const;
    /// Reads the rows [first, first + count) as they are stored. @param data  room for exactly these rows
    void read_rows(const std::string& path, std::int64_t first, std::int64_t count, std::span<std::byte> data) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Refuses a file whose attributes `format` and `format_version` are not `format` and `version`. @throws
/// DataError
void check_format(const H5Reader& reader, const std::string& path, const std::string& format, std::int64_t version);

}  // namespace halftone
