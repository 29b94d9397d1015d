#pragma once
// SampleSource: the samples of one data set as padded batches. Calibration, scoring, probes and corrections all read
// through this one loop, so order, padding and caching are decided in a single place. Not thread-safe: one process owns
// one source for each data set, and the pipeline outlives it.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "data/dataset.hpp"
#include "eval/sample_cache.hpp"

namespace halftone {

/// How a data set is cut. None of these numbers depends on ranks, so every rank cuts it alike.
struct SampleCut {
    std::int64_t samples = 0;     ///< only the first so many samples of the data set are used
    std::int64_t shards = 20;     ///< wanted; a source never has more shards than samples, and always at least one
    std::int64_t batch = 25;      ///< rows of a batch; the last batch of a range is padded with zeros to it
    std::size_t cache_bytes = 0;  ///< preprocessed samples that may stay in memory
};

/// One batch as a reader of the source sees it.
struct SampleBatch {
    std::int64_t first = 0;                  ///< position of its first sample in the source's order
    std::int64_t rows = 0;                   ///< rows that hold samples; the rows behind them are padding
    std::span<const std::int64_t> labels{};  ///< one for each row that holds a sample
};

/// Whether a batch that is read is worth memory: `keep` for samples that come round again, `pass` for one look.
enum class Caching : std::uint8_t { keep, pass };

/// Returns how many logical shards so many samples are cut into: `wanted`, but not more than samples and at least 1.
[[nodiscard]] std::int64_t shard_count(std::int64_t samples, std::int64_t wanted);

class SampleSource {
public:
    SampleSource(const Pipeline& data, const SampleCut& cut);

    [[nodiscard]] std::int64_t size() const { return cut_.samples; }
    [[nodiscard]] std::int64_t batch() const { return cut_.batch; }
    [[nodiscard]] std::int64_t shards() const { return shard_count(cut_.samples, cut_.shards); }
    /// Returns the samples of one shard. @pre 0 <= index < shards()
    [[nodiscard]] SampleRange shard(std::int64_t index) const { return shard_range(size(), shards(), index); }

    /// From now on the n-th sample is the data set's order[n]. Drops the cache, whose batches have the old order.
    /// @pre order has size() elements
    void set_order(std::vector<std::int64_t> order);

    /// Copies the samples of `range` into `input`, one batch after the other, and calls `body` after each batch. Every
    /// range begins with a batch of its own, so a sample's row depends on the range but never on what was read before.
    /// @param input  [batch(), values of one sample], f32; rows that hold no sample are zero
    /// @throws DataError  as the data set does
    void for_each_batch(SampleRange range, MutableView input, Caching caching,
                        const std::function<void(const SampleBatch&)>& body);

private:
    const Pipeline& data_;
    SampleCut cut_;
    std::optional<SampleCache> cache_;  ///< never empty; optional because set_order() makes a new one
};

}  // namespace halftone
