#include <algorithm>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "config/reader.hpp"
#include "config/yaml_writer.hpp"
#include "data/convert.hpp"
#include "data/dataset.hpp"

namespace halftone {

Pipeline::Pipeline(const DataloaderConfig& config) {
    if (config.filter) fail_at(config.filter->node, "is not available yet: no filter is built", true);
    dataset_ = make_dataset(config.dataset.name, config.dataset.node);
    spec_ = dataset_->spec();
    Hasher hasher;
    for (const PluginConfig& transform : config.transforms) {
        transforms_.push_back(make_transform(transform.name, transform.node));
        try {
            spec_ = transforms_.back()->output_type(spec_);
        } catch (const DataError& error) {
            // Data set and transforms both stand in the config, so that is where the mistake is.
            fail_at(transform.node, std::string("does not fit: ") + error.what(), true);
        }
        hasher.add(std::string_view(transform.name)).add(std::string_view(to_yaml(transform.node)));
    }
    HALFTONE_CHECK(is_convertible(spec_.dtype), "data sets and transforms yield types that convert to fp32");
    spec_.dtype = DType::f32;
    config_hash_ = hasher.digest();
}

std::uint64_t Pipeline::identity_hash() const {
    return Hasher().add(dataset_->content_hash()).add(config_hash_).digest();
}

void Pipeline::read(std::int64_t first, std::int64_t count, MutableView out, std::span<std::int64_t> labels) const {
    const auto rows = static_cast<std::size_t>(count);
    const auto row_elements = static_cast<std::size_t>(spec_.shape.elements());
    HALFTONE_CHECK(first >= 0 && count >= 0 && first + count <= size(), "samples lie in the data set");
    HALFTONE_CHECK(labels.size() >= rows, "room for each sample's label");
    HALFTONE_CHECK(out.type.dtype == DType::f32, "batches are fp32");
    const auto values = out.as<float>();
    HALFTONE_CHECK(values.size() >= rows * row_elements, "room for each sample");
    for (std::size_t row = 0; row < rows; ++row) {
        Sample sample = dataset_->read(first + static_cast<std::int64_t>(row));
        for (const auto& transform : transforms_) sample.data = transform->apply(sample.data);
        write_floats(sample.data.view(), values.subspan(row * row_elements, row_elements));
        labels[row] = sample.label;
    }
    const auto unused = values.subspan(rows * row_elements);
    std::fill(unused.begin(), unused.end(), 0.0F);
}

SampleRange shard_range(std::int64_t samples, std::int64_t shards, std::int64_t shard) {
    HALFTONE_CHECK(samples >= 0 && shard >= 0 && shard < shards, "0 <= shard < shards");
    // Quotient and remainder apart: shard * samples may not fit 64 bits.
    const auto border = [&](std::int64_t s) { return s * (samples / shards) + s * (samples % shards) / shards; };
    return {border(shard), border(shard + 1)};
}

}  // namespace halftone
