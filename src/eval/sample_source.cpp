#include "eval/sample_source.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace halftone {

std::int64_t shard_count(std::int64_t samples, std::int64_t wanted) {
    return std::max<std::int64_t>(1, std::min(wanted, samples));
}

SampleSource::SampleSource(const Pipeline& data, const SampleCut& cut) : data_(data), cut_(cut) {
    cache_.emplace(data_, cut_.cache_bytes);
}

void SampleSource::set_order(std::vector<std::int64_t> order) {
    HALFTONE_CHECK(std::cmp_equal(order.size(), size()), "an order names every sample once");
    cache_.emplace(data_, cut_.cache_bytes, std::move(order));
}

void SampleSource::for_each_batch(SampleRange range, MutableView input, Caching caching,
                                  const std::function<void(const SampleBatch&)>& body) {
    std::vector<std::int64_t> labels(static_cast<std::size_t>(batch()));
    for (std::int64_t first = range.first; first < range.last; first += batch()) {
        // The last batch is short rather than filled from the next shard: a shard's result must not depend on which
        // rank computes its neighbour.
        const std::int64_t rows = std::min(batch(), range.last - first);
        const auto used = std::span(labels).first(static_cast<std::size_t>(rows));
        cache_->read(first, rows, input, used, caching == Caching::keep);
        body({.first = first, .rows = rows, .labels = used});
    }
}

}  // namespace halftone
