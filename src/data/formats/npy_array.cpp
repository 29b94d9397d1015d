// Rows of .npy files and of arrays in .npz archives.
//
//   open_npy, open_npz   find the values of an array and read its header
//   NpyArray             its rows, from the file or from memory
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/budget.hpp"
#include "base/check.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/hash.hpp"
#include "data/formats/stored_array.hpp"
#include "data/formats/zip_file.hpp"
#include "tensor/npy.hpp"

namespace halftone {
namespace {

/// What of an array's first and last bytes decides about its identity.
constexpr std::uint64_t kHashedBytes = std::uint64_t{64} << 10U;

/// Where the bytes of a .npy file lie: in a file, or unpacked in memory.
struct NpySource {
    std::string path;
    std::string place;                             ///< for messages; the path, or path and array
    std::uint64_t offset = 0;                      ///< of its first byte in the file
    std::uint64_t bytes = 0;                       ///< header and values
    std::string unpacked{};                        ///< all of them, where the file holds them packed; else empty
    std::shared_ptr<const BudgetedBytes> taken{};  ///< of `unpacked`
};

class NpyArray final : public StoredArray {
public:
    explicit NpyArray(NpySource source) : source_(std::move(source)), files_(make_posix_file_system()) {
        const std::string head = read_bytes(0, std::min(source_.bytes, kMostNpyHeaderBytes));
        const NpyHeader header = parse_npy_header(head, source_.place);
        const Shape& shape = header.type.shape;
        if (shape.rank() == 0)
            throw DataError(source_.place + ": is a single number; its first dimension counts samples");
        rows_ = shape[0];
        field_.type = {header.type.dtype, Shape(std::vector(shape.dims().begin() + 1, shape.dims().end()))};
        row_bytes_ = static_cast<std::uint64_t>(field_.type.shape.elements()) * size_of(field_.type.dtype);
        begin_ = header.size;
        const std::uint64_t needed = row_bytes_ * static_cast<std::uint64_t>(rows_);
        if (source_.bytes - begin_ != needed) {
            throw DataError(fmt::format("{}: has {} bytes of values; its shape {} needs {}", source_.place,
                                        source_.bytes - begin_, shape.to_text(), needed));
        }
    }

    const std::string& place() const override { return source_.place; }
    std::int64_t rows() const override { return rows_; }
    const Field& row_field() const override { return field_; }

    // By a read of its own and not from a mapped file: a file that another program cuts off is an error then, where a
    // mapping would end this process by a signal. The pages stay in the system's cache either way.
    FieldValue read_row(std::int64_t row) const override {
        HALFTONE_CHECK(row >= 0 && row < rows_, "the array has this row");
        Tensor value(field_.type);
        const std::string bytes = read_bytes(begin_ + static_cast<std::uint64_t>(row) * row_bytes_, row_bytes_);
        std::memcpy(value.mutable_view().data, bytes.data(), bytes.size());
        if (field_.type.dtype == DType::boolean) check_bools(value, row);
        return value;
    }

    Tensor read_rows(std::int64_t first, std::int64_t last) const override {
        HALFTONE_CHECK(first >= 0 && first <= last && last <= rows_, "the array has these rows");
        std::vector<std::int64_t> dims = field_.type.shape.dims();
        dims.insert(dims.begin(), last - first);
        Tensor value({field_.type.dtype, Shape(std::move(dims))});
        const std::string bytes = read_bytes(begin_ + static_cast<std::uint64_t>(first) * row_bytes_,
                                             static_cast<std::uint64_t>(last - first) * row_bytes_);
        std::memcpy(value.mutable_view().data, bytes.data(), bytes.size());
        if (field_.type.dtype == DType::boolean) check_bools(value, first);
        return value;
    }

    std::uint64_t content_hash() const override {
        const std::uint64_t part = std::min(source_.bytes, kHashedBytes);
        Hasher hasher;
        return hasher.add(source_.bytes).add(read_bytes(0, part)).add(read_bytes(source_.bytes - part, part)).digest();
    }

private:
    [[nodiscard]] std::string read_bytes(std::uint64_t offset, std::uint64_t count) const {
        if (!source_.unpacked.empty()) return source_.unpacked.substr(offset, count);
        try {
            return files_->read_part(source_.path, source_.offset + offset, count);
        } catch (const IoError& error) {
            throw DataError(error.what());  // the file became shorter: the data's fault
        }
    }

    /// A bool is a byte, and any other byte than 0 and 1 would be undefined later on.
    void check_bools(const Tensor& value, std::int64_t row) const {
        for (const std::uint8_t byte : value.as<std::uint8_t>()) {
            if (byte > 1) throw DataError(fmt::format("{}: record {} holds the bool value {}", place(), row, byte));
        }
    }

    NpySource source_;
    std::unique_ptr<FileSystem> files_;
    Field field_;
    std::int64_t rows_ = 0;
    std::uint64_t row_bytes_ = 0;
    std::uint64_t begin_ = 0;  ///< of the values, behind the header
};

}  // namespace

std::unique_ptr<StoredArray> open_npy(const std::string& path) {
    const auto files = make_posix_file_system();
    if (!files->is_file(path)) throw DataError(path + ": no such file");
    return std::make_unique<NpyArray>(NpySource{.path = path, .place = path, .bytes = files->size(path)});
}

std::unique_ptr<StoredArray> open_npz(const std::string& path, const std::string& name) {
    std::string known;
    for (const ZipMember& member : read_zip(path)) {
        // numpy.savez calls the member of the array x "x.npy".
        if (member.name != name + ".npy" && member.name != name) {
            const bool is_array = member.name.ends_with(".npy");
            if (is_array) known += ' ' + member.name.substr(0, member.name.size() - 4);
            continue;
        }
        NpySource source{.path = path, .place = path + "::" + name, .offset = member.offset, .bytes = member.bytes};
        if (member.is_deflated) {
            source.taken = std::make_shared<const BudgetedBytes>(process_budget(), member.bytes, source.place);
            source.unpacked = unpack_member(path, member);
        }
        return std::make_unique<NpyArray>(std::move(source));
    }
    throw DataError(path + ": has no array '" + name + "'; it has" + (known.empty() ? " none" : known));
}

}  // namespace halftone
