#include "eval/sample_source.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/log.hpp"

namespace halftone {

std::int64_t shard_count(std::int64_t samples, std::int64_t wanted) {
    return std::max<std::int64_t>(1, std::min(wanted, samples));
}

SampleSource::SampleSource(const Pipeline& data, const SampleCut& cut)
    : data_(data), cut_(cut), skips_bad_samples_(data.skips_bad_samples()), cache_(data, cut.cache_bytes) {}

/// A sample as the pipeline reads it, or from memory, whose numbers are rows that the model has.
const Sample& SampleSource::read_checked(std::int64_t id, Caching caching) {
    const Sample& sample = cache_.read(id, caching == Caching::keep);
    check_indices(sample, cut_.fields, cut_.index_limits, data_);
    return sample;
}

/// Null: the sample cannot be read, and is left out.
const Sample* SampleSource::find_sample(std::int64_t id, Caching caching) {
    if (!skips_bad_samples_) return &read_checked(id, caching);
    if (skipped_.contains(id)) return nullptr;
    try {
        return &read_checked(id, caching);
    } catch (const DataError& error) {
        log::warning("data", "sample {} is skipped: {}", id, error.what());
        skipped_.insert(id);
        return nullptr;
    }
}

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
        const std::int64_t end = std::min(first + batch(), range.last);
        ids.clear();
        targets.clear();
        for (std::int64_t position = first; position < end; ++position) {
            const std::int64_t id = order_.empty() ? position : order_[static_cast<std::size_t>(position)];
            const Sample* sample = find_sample(id, caching);
            if (sample == nullptr) continue;
            put_sample(*sample, cut_.fields, static_cast<std::int64_t>(ids.size()), batch(), inputs);
            ids.push_back(id);
            targets.push_back(sample->targets);  // shares the memory of its tensors
        }
        const auto rows = static_cast<std::int64_t>(ids.size());
        if (rows == 0) continue;
        clear_rows(rows, batch(), inputs);
        body({.first = first, .rows = rows, .ids = ids, .targets = targets});
    }
}

}  // namespace halftone
