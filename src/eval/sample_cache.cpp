#include "eval/sample_cache.hpp"

#include <algorithm>

namespace halftone {

void SampleCache::read(std::int64_t first, std::int64_t count, MutableView out, std::span<std::int64_t> labels,
                       bool keep) {
    const auto values = out.as<float>();
    // Found by first sample and count: shards always ask for the same batches, so nothing is ever cut from two of them.
    if (const auto known = batches_.find({first, count}); known != batches_.end()) {
        const auto end = std::copy(known->second.values.begin(), known->second.values.end(), values.begin());
        std::fill(end, values.end(), 0.0F);
        std::copy(known->second.labels.begin(), known->second.labels.end(), labels.begin());
        return;
    }
    read_data(first, count, out, labels);
    const auto rows = static_cast<std::size_t>(count);
    const auto used = values.first(rows * static_cast<std::size_t>(data_.spec().shape.elements()));
    const std::size_t size = used.size_bytes() + rows * sizeof(std::int64_t);
    if (!keep || size > limit_bytes_ - bytes_) return;  // bytes_ never exceeds the limit, so this cannot wrap around
    batches_.emplace(std::pair(first, count),
                     Batch{{used.begin(), used.end()}, {labels.begin(), labels.begin() + count}});
    bytes_ += size;
}

void SampleCache::read_data(std::int64_t first, std::int64_t count, MutableView out,
                            std::span<std::int64_t> labels) const {
    if (order_.empty()) {
        data_.read(first, count, out, labels);
        return;
    }
    // In an order of its own a batch is no longer one range of the data set: it is read sample by sample.
    const auto values = out.as<float>();
    const auto size = static_cast<std::size_t>(data_.spec().shape.elements());
    std::vector<std::int64_t> row{1};
    row.insert(row.end(), data_.spec().shape.dims().begin(), data_.spec().shape.dims().end());
    const TensorType type{DType::f32, Shape(row)};
    for (std::int64_t i = 0; i < count; ++i) {
        const auto at = static_cast<std::size_t>(i);
        auto* row_data = reinterpret_cast<std::byte*>(values.data() + at * size);
        data_.read(order_[static_cast<std::size_t>(first + i)], 1, {type, row_data}, labels.subspan(at, 1));
    }
    const auto rest = values.subspan(static_cast<std::size_t>(count) * size);
    std::fill(rest.begin(), rest.end(), 0.0F);
}

}  // namespace halftone
