#include "eval/sample_source.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace halftone {

std::int64_t shard_count(std::int64_t samples, std::int64_t wanted) {
    return std::max<std::int64_t>(1, std::min(wanted, samples));
}

SampleSource::SampleSource(const Pipeline& data, const SampleCut& cut) : cut_(cut), cache_(data, cut.cache_bytes) {}

void SampleSource::set_order(std::vector<std::int64_t> order) {
    HALFTONE_CHECK(std::cmp_equal(order.size(), size()), "an order names every sample once");
    order_ = std::move(order);
}

void SampleSource::for_each_batch(SampleRange range, std::span<const MutableView> inputs, Caching caching,
                                  const std::function<void(const SampleBatch&)>& body) {
    std::vector<std::int64_t> ids;
    std::vector<std::vector<FieldValue>> targets;
    for (std::int64_t first = range.first; first < range.last; first += batch()) {
        // The last batch is short rather than filled from the next shard: a shard's result must not depend on which
        // rank computes its neighbour.
        const std::int64_t rows = std::min(batch(), range.last - first);
        ids.clear();
        targets.clear();
        for (std::int64_t row = 0; row < rows; ++row) {
            ids.push_back(order_.empty() ? first + row : order_[static_cast<std::size_t>(first + row)]);
            const Sample& sample = cache_.read(ids.back(), caching == Caching::keep);
            put_sample(sample, cut_.fields, row, batch(), inputs);
            targets.push_back(sample.targets);  // shares the memory of its tensors
        }
        clear_rows(rows, batch(), inputs);
        body({.first = first, .rows = rows, .ids = ids, .targets = targets});
    }
}

}  // namespace halftone
