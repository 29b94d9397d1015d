// Arrays whose rows have different lengths, stored as one long array and the places where rows begin: what Arrow,
// Awkward and h5py users write instead of arrays of objects, which only Python can read.
#include "data/ragged_array.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "data/convert.hpp"

namespace halftone {
namespace {

/// All offsets are kept: 8 bytes for each sample. They are checked at once, so that no sample fails for them later.
std::vector<std::int64_t> read_offsets(const StoredArray& offsets, std::int64_t most) {
    const Field& field = offsets.row_field();
    const bool is_list =
        !field.is_text && field.type.shape.rank() == 0 && offsets.rows() > 0 && can_feed(field.type.dtype, DType::s64);
    if (!is_list) {
        throw DataError(offsets.place() +
                        ": must be a list of integers, where rows begin, and the end of the last one");
    }
    const Tensor all = cast_values(offsets.read_rows(0, offsets.rows()), DType::s64);
    const auto numbers = all.as<std::int64_t>();
    std::vector<std::int64_t> read(numbers.begin(), numbers.end());
    for (std::size_t i = 0; i < read.size(); ++i) {
        const std::int64_t before = i == 0 ? 0 : read[i - 1];
        if (read[i] >= before && read[i] <= most) continue;
        throw DataError(fmt::format("{}: record {} is {}; offsets must rise from 0 to at most {}, the number of values",
                                    offsets.place(), i, read[i], most));
    }
    return read;
}

class RaggedArray final : public StoredArray {
public:
    RaggedArray(std::unique_ptr<StoredArray> values, const StoredArray& offsets)
        : values_(std::move(values)), offsets_(read_offsets(offsets, values_->rows())) {
        field_ = values_->row_field();
        if (field_.is_text) throw DataError(values_->place() + ": texts have no offsets; they are rows already");
        std::vector<std::int64_t> dims = field_.type.shape.dims();
        dims.insert(dims.begin(), kSymbolic);
        field_.type.shape = Shape(std::move(dims));
    }

    const std::string& place() const override { return values_->place(); }
    std::int64_t rows() const override { return static_cast<std::int64_t>(offsets_.size()) - 1; }
    const Field& row_field() const override { return field_; }
    FieldValue read_row(std::int64_t row) const override {
        HALFTONE_CHECK(row >= 0 && row < rows(), "the array has this row");
        const auto at = static_cast<std::size_t>(row);
        return values_->read_rows(offsets_[at], offsets_[at + 1]);
    }
    std::uint64_t content_hash() const override {
        Hasher hasher;
        hasher.add(values_->content_hash());
        for (const std::int64_t offset : offsets_) hasher.add(offset);
        return hasher.digest();
    }

private:
    std::unique_ptr<StoredArray> values_;
    std::vector<std::int64_t> offsets_;
    Field field_;
};

}  // namespace

Tensor StoredArray::read_rows(std::int64_t first, std::int64_t last) const {
    HALFTONE_CHECK(first >= 0 && first <= last && last <= rows(), "the array has these rows");
    std::vector<std::int64_t> dims = row_field().type.shape.dims();
    dims.insert(dims.begin(), last - first);
    Tensor all({row_field().type.dtype, Shape(std::move(dims))});
    std::byte* to = all.mutable_view().data;
    for (std::int64_t row = first; row < last; ++row) {
        const FieldValue value = read_row(row);
        const TensorView view = std::get<Tensor>(value).view();
        std::memcpy(to, view.data, view.bytes());
        to += view.bytes();
    }
    return all;
}

std::unique_ptr<StoredArray> join_ragged(std::unique_ptr<StoredArray> values, const StoredArray& offsets) {
    return std::make_unique<RaggedArray>(std::move(values), offsets);
}

}  // namespace halftone
