// Used elements of padded values.
//
//   used_rows      rows only: the usual case, a block and its used part
//   BoxRuns        a box within a tensor, as runs of elements that lie side by side
//   UsedParts      for each row the box of what is no padding
//
// What a padded value would be without padding is known by its shape alone (UnpaddedValues). The part taken is the
// corner of that shape, because padding stands behind the data in each dimension.
#include "eval/used_rows.hpp"

#include <algorithm>

namespace halftone {
namespace {

/// Returns which dimension of a value counts the rows of the batch.
std::size_t batch_axis(const Shape& declared, std::int64_t batch) {
    const auto& dims = declared.dims();
    auto found = std::find(dims.begin(), dims.end(), kSymbolic);
    // A model that fixes its batch has no symbolic dimension: then the first one of that size is taken.
    if (found == dims.end()) found = std::find(dims.begin(), dims.end(), batch);
    return static_cast<std::size_t>(found == dims.end() ? 0 : found - dims.begin());
}

struct DimRange {
    std::int64_t first = 0;
    std::int64_t count = 0;
};

/// Cuts a box of a tensor into runs, in the order of memory.
class BoxRuns {
public:
    BoxRuns(const Shape& whole, std::vector<DimRange> box, std::int64_t row) : box_(std::move(box)), row_(row) {
        strides_.assign(whole.rank(), 1);
        for (std::size_t d = whole.rank(); d-- > 1;) strides_[d - 1] = strides_[d] * whole[d];
        // From this dimension on a step along the one before is one run: everything behind it is in the box.
        whole_from_ = whole.rank();
        while (whole_from_ > 0 && box_[whole_from_ - 1].count == whole[whole_from_ - 1]) --whole_from_;
    }

    [[nodiscard]] std::vector<UsedRun> find() {
        if (std::any_of(box_.begin(), box_.end(), [](const DimRange& range) { return range.count == 0; })) return {};
        walk(0, 0);
        return std::move(runs_);
    }

private:
    void walk(std::size_t dim, std::int64_t offset) {
        if (dim >= whole_from_ || dim == box_.size()) {
            const std::int64_t count = dim == 0 ? (box_.empty() ? 1 : strides_[0] * box_[0].count) : strides_[dim - 1];
            add(offset, count);
            return;
        }
        const DimRange range = box_[dim];
        if (dim + 1 >= whole_from_) {
            add(offset + range.first * strides_[dim], range.count * strides_[dim]);
            return;
        }
        for (std::int64_t i = range.first; i < range.first + range.count; ++i)
            walk(dim + 1, offset + i * strides_[dim]);
    }
    void add(std::int64_t begin, std::int64_t count) {
        runs_.push_back(
            {.begin = static_cast<std::size_t>(begin), .count = static_cast<std::size_t>(count), .row = row_});
    }

    std::vector<DimRange> box_;
    std::int64_t row_;
    std::vector<std::int64_t> strides_;  ///< elements from one index of a dimension to the next
    std::size_t whole_from_ = 0;
    std::vector<UsedRun> runs_;
};

}  // namespace

UsedRows used_rows(const Shape& declared, const Shape& actual, std::int64_t rows, std::int64_t batch) {
    const auto all = static_cast<std::size_t>(actual.elements());
    if (actual.rank() == 0) return {all, all};
    const std::size_t axis = batch_axis(declared, batch);
    std::size_t inner = 1;
    for (std::size_t d = axis + 1; d < declared.rank(); ++d) inner *= static_cast<std::size_t>(actual[d]);
    // Batch and another dimension may be joined: [batch * tokens, width] has so many rows for each sample.
    // A value whose size is no multiple is not made of samples, and all of it counts.
    if (actual[axis] % batch != 0) return {all, all};
    inner *= static_cast<std::size_t>(actual[axis] / batch);
    return {inner * static_cast<std::size_t>(batch), inner * static_cast<std::size_t>(rows)};
}

std::vector<UsedRun> corner_runs(const Shape& whole, const Shape& corner) {
    std::vector<DimRange> box;
    for (std::size_t d = 0; d < whole.rank(); ++d) box.push_back({0, std::min(corner[d], whole[d])});
    return BoxRuns(whole, std::move(box), 0).find();
}

std::vector<UsedRun> UsedParts::runs(const Shape& declared, const Shape& actual, std::size_t value) const {
    const std::size_t axis = batch_axis(declared, batch);
    std::vector<UsedRun> runs;
    if (unpadded.empty() || actual.rank() == 0 || actual[axis] % batch != 0) {
        const auto [block, used] = used_rows(declared, actual, rows, batch);
        const auto all = static_cast<std::size_t>(actual.elements());
        for (std::size_t begin = 0; begin < all; begin += block) {
            runs.push_back({.begin = begin, .count = used, .row = 0, .rows = rows});
        }
        return runs;
    }
    const std::int64_t row_size = actual[axis] / batch;
    for (std::int64_t row = 0; row < rows; ++row) {
        std::vector<DimRange> box;
        for (const std::int64_t size : actual.dims()) box.push_back({0, size});
        box[axis] = {row * row_size, row_size};
        const ShapesOfValues& shapes = unpadded[static_cast<std::size_t>(row)];
        if (shapes != nullptr && value < shapes->size() && (*shapes)[value].rank() == box.size()) {
            for (std::size_t d = 0; d < box.size(); ++d) box[d].count = std::min(box[d].count, (*shapes)[value][d]);
        }
        const std::vector<UsedRun> own = BoxRuns(actual, std::move(box), row).find();
        runs.insert(runs.end(), own.begin(), own.end());
    }
    return runs;
}

}  // namespace halftone
