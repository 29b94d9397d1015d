#pragma once
// Data sets: random access, const, thread-safe. Batching and sharding are outside. Images are HWC uint8 until a
// transform changes them; the pipeline's result is float32 in the model's input shape.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/config_node.hpp"
#include "config/run_config.hpp"
#include "tensor/tensor.hpp"

namespace halftone {

struct Sample {
    Tensor data;  ///< one sample, no batch dimension
    std::int64_t label = 0;
};

class Dataset {
public:
    virtual ~Dataset() = default;
    [[nodiscard]] virtual std::int64_t size() const = 0;
    /// Type of one sample's data.
    [[nodiscard]] virtual TensorType spec() const = 0;
    /// @pre 0 <= index < size(). @throws DataError
    [[nodiscard]] virtual Sample read(std::int64_t index) const = 0;
    /// Identity of the content, for the journal header.
    [[nodiscard]] virtual std::uint64_t content_hash() const = 0;
};

class Transform {
public:
    virtual ~Transform() = default;
    /// @throws DataError when it does not fit the input, naming the transform and both shapes
    [[nodiscard]] virtual TensorType output_type(const TensorType& input) const = 0;
    [[nodiscard]] virtual Tensor apply(const Tensor& input) const = 0;
};

/// @throws ConfigError (bad settings), DataError (files). Relative roots are relative to the config file's folder.
[[nodiscard]] std::unique_ptr<Dataset> make_dataset(const std::string& name, const ConfigNode& node);
[[nodiscard]] std::vector<std::string> dataset_names();
[[nodiscard]] std::unique_ptr<Transform> make_transform(const std::string& name, const ConfigNode& node);
[[nodiscard]] std::vector<std::string> transform_names();

/// Data set + transforms of one dataloader section.
class Pipeline {
public:
    explicit Pipeline(const DataloaderConfig& config);
    [[nodiscard]] std::int64_t size() const { return dataset_->size(); }
    [[nodiscard]] const TensorType& spec() const { return spec_; }  ///< after the transforms
    [[nodiscard]] std::uint64_t identity_hash() const;              ///< content and transforms
    /// Writes samples [first, first + count) into `out` ([rows >= count] + spec shape, f32); rows beyond are zeroed.
    void read(std::int64_t first, std::int64_t count, MutableView out, std::span<std::int64_t> labels) const;

private:
    std::unique_ptr<Dataset> dataset_;
    std::vector<std::unique_ptr<Transform>> transforms_;
    TensorType spec_;
    std::uint64_t config_hash_ = 0;
};

/// Logical shards: sample range of shard s of S over n samples is [s*n/S, (s+1)*n/S). Never depends on ranks.
struct SampleRange {
    std::int64_t first = 0;
    std::int64_t last = 0;  ///< exclusive
    [[nodiscard]] std::int64_t count() const { return last - first; }
};
[[nodiscard]] SampleRange shard_range(std::int64_t samples, std::int64_t shards, std::int64_t shard);

}  // namespace halftone
