#pragma once
// Preprocessed samples of a data set, kept in memory: every trial reads the same ones. Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "data/dataset.hpp"

namespace halftone {

/// Returns what a sample takes in memory, as far as it depends on its values.
[[nodiscard]] std::size_t bytes_of(const Sample& sample);

class SampleCache {
public:
    /// Keeps samples in the order of their first reading until `limit_bytes` are in use; the others are read again each
    /// time. Nothing is ever dropped: the same samples come round in the same order, which is the worst case of "least
    /// recently used".
    /// @param samples  how many will be read. If all of them fit as the model gets them, they are kept so. If not, they
    ///                 are kept where they are narrowest (Pipeline::narrowest_stage), and the transforms behind that
    ///                 run each time: scaling pixels costs a hundredth of decoding them. 0: they are taken to fit.
    SampleCache(const Pipeline& data, std::size_t limit_bytes, std::int64_t samples = 0);

    /// Returns what Pipeline::read returns, from memory if the sample is kept. It is valid until the next call.
    /// @param keep  whether the sample is worth memory
    [[nodiscard]] const Sample& read(std::int64_t id, bool keep);
    /// Returns whether reading this sample costs next to nothing, because it is kept as the model gets it.
    [[nodiscard]] bool has_finished(std::int64_t id) const {
        return stage_ == data_.stages() && samples_.find(id) != samples_.end();
    }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    const Pipeline& data_;
    std::size_t limit_bytes_;
    std::size_t stage_;  ///< so many transforms have run on what is kept
    std::size_t bytes_ = 0;
    std::unordered_map<std::int64_t, Sample> samples_;  ///< by number in the data set
    Sample last_;                                       ///< the last one that is not kept as it was returned
};

}  // namespace halftone
