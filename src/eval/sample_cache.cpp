#include "eval/sample_cache.hpp"

#include <variant>

namespace halftone {

std::size_t bytes_of(const Sample& sample) {
    std::size_t bytes = 0;
    for (const auto* values : {&sample.inputs, &sample.targets}) {
        for (const FieldValue& value : *values) {
            if (const auto* tensor = std::get_if<Tensor>(&value)) {
                bytes += tensor->bytes();
                continue;
            }
            for (const std::string& text : std::get<std::vector<std::string>>(value)) bytes += text.size();
        }
    }
    return bytes;
}

SampleCache::SampleCache(const Pipeline& data, std::size_t limit_bytes, std::int64_t samples)
    : data_(data), limit_bytes_(limit_bytes), stage_(data.stages()) {
    const auto bytes = data.input_bytes(stage_);
    // A size that differs from sample to sample is unknown here; such samples are taken to fit.
    const bool do_all_fit = !bytes || *bytes == 0 || limit_bytes / *bytes >= static_cast<std::uint64_t>(samples);
    if (!do_all_fit) stage_ = data.narrowest_stage();
}

const Sample& SampleCache::read(std::int64_t id, bool keep) {
    const bool is_finished = stage_ == data_.stages();
    // Found by its number in the data set, so that another order of the samples finds them as well.
    if (const auto known = samples_.find(id); known != samples_.end()) {
        if (is_finished) return known->second;
        last_ = data_.finish(known->second, stage_);
        return last_;
    }
    last_ = data_.read_part(id, stage_);
    const std::size_t size = bytes_of(last_);
    const bool is_kept = keep && size <= limit_bytes_ - bytes_;  // bytes_ never exceeds the limit: no wrap around
    if (is_kept) {
        bytes_ += size;
        const Sample& kept = samples_.emplace(id, std::move(last_)).first->second;
        if (is_finished) return kept;
        last_ = kept;
    }
    last_ = data_.finish(std::move(last_), stage_);
    return last_;
}

}  // namespace halftone
