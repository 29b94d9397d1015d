// Pipeline: one dataloader section of the config, from samples on disk to rows of a batch.
//
//   Pipeline()   makes data set and transforms, and finds out beforehand whether they fit one another
//   read         samples by number into a batch; batches and shards are made by the caller
//   shard_range  the fixed cut of the samples that all ranks agree on
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
        // The settings belong to the identity: another mean makes other samples of the same files.
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
    // Callers cut the samples into shards and batches themselves, so a range outside is their mistake.
    HALFTONE_CHECK(first >= 0 && count >= 0 && first + count <= size(), "samples lie in the data set");
    HALFTONE_CHECK(labels.size() >= rows, "room for each sample's label");
    HALFTONE_CHECK(out.type.dtype == DType::f32, "batches are fp32");
    const auto values = out.as<float>();
    HALFTONE_CHECK(values.size() >= rows * row_elements, "room for each sample");
    for (std::size_t row = 0; row < rows; ++row) {
        Sample sample = dataset_->read(first + static_cast<std::int64_t>(row));
        // In the order of the file, one sample at a time: no batch of unfinished samples is kept.
        for (const auto& transform : transforms_) sample.data = transform->apply(sample.data);
        write_floats(sample.data.view(), values.subspan(row * row_elements, row_elements));
        labels[row] = sample.label;
    }
    // The last batch may be shorter. A kernel computes its unused rows too, and they must not be what was there before.
    const auto unused = values.subspan(rows * row_elements);
    std::fill(unused.begin(), unused.end(), 0.0F);
}

SampleRange shard_range(std::int64_t samples, std::int64_t shards, std::int64_t shard) {
    HALFTONE_CHECK(samples >= 0 && shard >= 0 && shard < shards, "0 <= shard < shards");
    // Quotient and remainder apart: shard * samples may not fit 64 bits.
    // Whole shards differ by one sample at most, and the borders depend on nothing but the two numbers.
    const auto border = [&](std::int64_t s) { return s * (samples / shards) + s * (samples % shards) / shards; };
    return {border(shard), border(shard + 1)};
}

}  // namespace halftone
