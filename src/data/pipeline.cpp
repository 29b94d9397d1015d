// Pipeline: one dataloader section of the config, from samples on disk to what a model is fed with.
//
//   Pipeline()   makes data set and transforms, and finds out beforehand whether they fit one another
//   read_part, finish   one sample by number, in two parts; batches and shards are made by the caller
//   narrowest_stage     where a sample takes the fewest bytes, which is where a cache keeps it
//   shard_range  the fixed cut of the samples that all ranks agree on
#include "base/check.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "config/reader.hpp"
#include "config/yaml_writer.hpp"
#include "data/dataset.hpp"
#include "data/pad_inputs.hpp"

namespace halftone {
namespace {

/// Whether the framework's own reader of this data set makes three channels of grey pictures: torchvision's and Gluon's
/// readers of class folders do. LPOT uses them; its readers for other frameworks leave grey pictures grey.
bool is_read_as_rgb(const std::string& dataset, Framework framework) {
    return dataset == "ImageFolder" && (framework == Framework::pytorch || framework == Framework::mxnet);
}

}  // namespace

Pipeline::Pipeline(const DataloaderConfig& config)
    : framework_(framework_of(config.framework)), skips_bad_samples_(config.skips_bad_samples) {
    dataset_ = make_dataset(config.dataset.name, config.dataset.node);
    if (config.filter) {
        dataset_ = make_filtered(config.filter->name, config.filter->node, std::move(dataset_), skips_bad_samples_);
    }
    schemas_.push_back(dataset_->schema());
    Hasher hasher;
    // The default is left out, so that what was hashed before the framework mattered keeps its identity.
    if (framework_ != Framework::onnxrt) hasher.add(std::string_view("framework")).add(framework_);
    if (is_read_as_rgb(config.dataset.name, framework_)) {
        add_transform(make_transform("AlignImageChannel", {}, framework_), config.dataset.node);
    }
    for (const PluginConfig& transform : config.transforms) {
        add_transform(make_transform(transform.name, transform.node, framework_), transform.node);
        // The settings belong to the identity: another mean makes other samples of the same files.
        hasher.add(std::string_view(transform.name)).add(std::string_view(to_yaml(transform.node)));
    }
    if (config.collate) {
        if (auto mask = make_mask_input(*config.collate)) add_transform(std::move(mask), *config.collate);
        add_transform(make_pad_inputs(*config.collate), *config.collate);
        has_collate_ = true;
        hasher.add(std::string_view("collate")).add(std::string_view(to_yaml(*config.collate)));
    }
    config_hash_ = hasher.digest();
}

/// Puts a transform behind the others. Data set and transforms both stand in the config, so a misfit is a mistake
/// there.
void Pipeline::add_transform(std::unique_ptr<Transform> transform, const ConfigNode& node) {
    try {
        schemas_.push_back(transform->output(schemas_.back()));
    } catch (const DataError& error) {
        fail_at(node, std::string("does not fit: ") + error.what(), true);
    }
    transforms_.push_back(std::move(transform));
}

std::uint64_t Pipeline::identity_hash() const {
    return Hasher().add(dataset_->content_hash()).add(config_hash_).digest();
}

Sample Pipeline::read_part(std::int64_t id, std::size_t stage) const {
    // Callers cut the samples into shards and batches themselves, so a number outside is their mistake.
    HALFTONE_CHECK(id >= 0 && id < size() && stage <= stages(), "samples lie in the data set");
    Sample sample = dataset_->read(id);
    // In the order of the file, one sample at a time: no batch of unfinished samples is kept.
    for (std::size_t t = 0; t < stage; ++t) sample = transforms_[t]->apply(std::move(sample), schemas_[t]);
    return sample;
}

Sample Pipeline::finish(Sample sample, std::size_t stage) const {
    for (std::size_t t = stage; t < stages(); ++t) sample = transforms_[t]->apply(std::move(sample), schemas_[t]);
    return sample;
}

std::optional<std::uint64_t> Pipeline::input_bytes(std::size_t stage) const {
    std::uint64_t bytes = 0;
    for (const Field& input : schemas_.at(stage).inputs) {
        if (input.is_text || !input.type.shape.is_static()) return std::nullopt;
        bytes += static_cast<std::uint64_t>(input.type.shape.elements()) * size_of(input.type.dtype);
    }
    return bytes;
}

std::size_t Pipeline::narrowest_stage() const {
    std::size_t narrowest = stages();
    for (std::size_t stage = stages(); stage-- > 0;) {
        const auto bytes = input_bytes(stage);
        const auto fewest = input_bytes(narrowest);
        if (bytes && (!fewest || *bytes < *fewest)) narrowest = stage;
    }
    return narrowest;
}

SampleRange shard_range(std::int64_t samples, std::int64_t shards, std::int64_t shard) {
    HALFTONE_CHECK(samples >= 0 && shard >= 0 && shard < shards, "0 <= shard < shards");
    // Quotient and remainder apart: shard * samples may not fit 64 bits.
    // Whole shards differ by one sample at most, and the borders depend on nothing but the two numbers.
    const auto border = [&](std::int64_t s) { return s * (samples / shards) + s * (samples % shards) / shards; };
    return {border(shard), border(shard + 1)};
}

}  // namespace halftone
