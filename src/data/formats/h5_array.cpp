// Rows of datasets in HDF5 files. The room dump has HDF5's headers and distrusts the files; this is the adapter above
// it.
#include <fmt/format.h>

#include <cstring>
#include <mutex>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/hash.hpp"
#include "data/formats/stored_array.hpp"
#include "dump/h5_reader.hpp"

namespace halftone {
namespace {

constexpr std::uint64_t kHashedFileBytes = std::uint64_t{64} << 10U;

/// The library is not safe for threads, also not with two different files. Every call of it in this room holds this.
std::mutex& h5_mutex() {
    static std::mutex mutex;
    return mutex;
}

class DatasetRows final : public StoredArray {
public:
    DatasetRows(const std::string& path, const std::string& name, H5RowReader rows)
        : path_(path), place_(path + "::" + name), rows_(std::move(rows)) {
        const H5Layout& layout = rows_.layout();
        field_.is_text = rows_.are_texts();
        field_.type = {layout.dtype, Shape(std::vector(layout.shape.begin() + 1, layout.shape.end()))};
        if (rows_.have_lengths()) field_.type.shape = Shape{kSymbolic};
    }

    const std::string& place() const override { return place_; }
    std::int64_t rows() const override { return rows_.layout().shape[0]; }
    const Field& row_field() const override { return field_; }

    FieldValue read_row(std::int64_t row) const override {
        HALFTONE_CHECK(row >= 0 && row < rows(), "the dataset has this row");
        const std::lock_guard lock(h5_mutex());
        if (field_.is_text) return rows_.texts(row);
        if (rows_.have_lengths()) {
            const std::string numbers = rows_.row_bytes(row);
            Tensor list(
                {field_.type.dtype, Shape{static_cast<std::int64_t>(numbers.size() / size_of(field_.type.dtype))}});
            std::memcpy(list.mutable_view().data, numbers.data(), numbers.size());
            return list;
        }
        Tensor value(field_.type);
        const MutableView view = value.mutable_view();
        rows_.read(row, {view.data, view.bytes()});
        return value;
    }

    /// Of the file's first and last bytes, and of the dataset's type: a hash of all bytes would read the whole file.
    std::uint64_t content_hash() const override {
        const auto files = make_posix_file_system();
        const std::uint64_t size = files->size(path_);
        const std::uint64_t part = std::min(size, kHashedFileBytes);
        Hasher hasher;
        hasher.add(size).add(files->read_part(path_, 0, part)).add(files->read_part(path_, size - part, part));
        return hasher.add(to_text({field_})).add(rows()).digest();
    }

private:
    std::string path_;
    std::string place_;
    H5RowReader rows_;
    Field field_;
};

}  // namespace

std::unique_ptr<StoredArray> open_h5(const std::string& path, const std::string& name) {
    const std::lock_guard lock(h5_mutex());
    // "eval/ids" and "/eval/ids" are the same dataset.
    const std::string object = name.starts_with('/') ? name : "/" + name;
    return std::make_unique<DatasetRows>(path, object, H5Reader(path).rows(object));
}

H5Attributes read_h5_attributes(const std::string& path, const std::string& format, std::int64_t version,
                                const std::vector<std::string>& texts, const std::vector<std::string>& integers) {
    const std::lock_guard lock(h5_mutex());
    const H5Reader reader(path);
    check_format(reader, path, format, version);
    H5Attributes read;
    for (const std::string& name : texts) read.texts[name] = reader.text_attribute("/", name);
    for (const std::string& name : integers) read.integers[name] = reader.integer_attribute("/", name);
    return read;
}

}  // namespace halftone
