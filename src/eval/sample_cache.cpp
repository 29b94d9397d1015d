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

const Sample& SampleCache::read(std::int64_t id, bool keep) {
    // Found by its number in the data set, so that another order of the samples finds them as well.
    if (const auto known = samples_.find(id); known != samples_.end()) return known->second;
    last_ = data_.read(id);
    const std::size_t size = bytes_of(last_);
    if (!keep || size > limit_bytes_ - bytes_) return last_;  // bytes_ never exceeds the limit: no wrap around
    bytes_ += size;
    return samples_.emplace(id, std::move(last_)).first->second;
}

}  // namespace halftone
