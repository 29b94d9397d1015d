#pragma once
// Preprocessed batches of a data set, kept in memory: every trial reads the same ones. Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "data/dataset.hpp"

namespace halftone {

class SampleCache {
public:
    /// Keeps batches in the order of their first reading until `limit_bytes` are in use; the others are read again each
    /// time. Nothing is ever dropped: the same batches come round in the same order, which is the worst case of "least
    /// recently used".
    /// @param order  the n-th sample is the data set's order[n]; empty: samples keep the data set's order
    SampleCache(const Pipeline& data, std::size_t limit_bytes, std::vector<std::int64_t> order = {})
        : data_(data), limit_bytes_(limit_bytes), order_(std::move(order)) {}

    /// Does what Pipeline::read does, from memory if the batch is kept. @param keep  whether the batch is worth memory
    void read(std::int64_t first, std::int64_t count, MutableView out, std::span<std::int64_t> labels, bool keep);
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    struct Batch {
        std::vector<float> values;
        std::vector<std::int64_t> labels;
    };
    void read_data(std::int64_t first, std::int64_t count, MutableView out, std::span<std::int64_t> labels) const;

    const Pipeline& data_;
    std::size_t limit_bytes_;
    std::vector<std::int64_t> order_;
    std::size_t bytes_ = 0;
    std::map<std::pair<std::int64_t, std::int64_t>, Batch> batches_;  ///< by first sample and count
};

}  // namespace halftone
