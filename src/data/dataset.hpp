#pragma once
// Samples with names: data sets, transforms, and the pipeline of one dataloader section. Batching and sharding are
// outside. Pictures are HWC uint8 until a transform changes them.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config_node.hpp"
#include "config/run_config.hpp"
#include "data/framework.hpp"
#include "tensor/field.hpp"

namespace halftone {

/// One sample. Its values stand in the order of the schema's fields.
struct Sample {
    std::int64_t id = 0;  ///< its number in the data set
    std::vector<FieldValue> inputs{};
    std::vector<FieldValue> targets{};  ///< empty where the data set has no targets
    /// By input: the shape before `collate` padded it. Empty: nothing of this sample is padding.
    std::vector<Shape> unpadded{};
};

/// Random access to samples, by number. A data set is constant, and any thread may read it.
class Dataset {
public:
    virtual ~Dataset() = default;
    [[nodiscard]] virtual std::int64_t size() const = 0;
    /// Returns what every sample holds.
    [[nodiscard]] virtual const Schema& schema() const = 0;
    /// Returns a sample whose values have the types of the schema. @pre 0 <= id < size()
    /// @throws DataError naming the file and the sample
    [[nodiscard]] virtual Sample read(std::int64_t id) const = 0;
    /// Returns the identity of the content, for the journal's header.
    [[nodiscard]] virtual std::uint64_t content_hash() const = 0;
    /// Returns the sample with its targets, for filters, which look at all samples. Inputs may be left empty: a data
    /// set whose inputs cost much, such as pictures to decode, overrides this. @throws DataError as read
    [[nodiscard]] virtual Sample read_targets(std::int64_t id) const { return read(id); }
    /// Returns where a sample lies, for messages of those who find fault with it later: "ids.npy: record 17".
    /// @pre 0 <= id < size()
    [[nodiscard]] virtual std::string place(std::int64_t id) const { return "sample " + std::to_string(id); }
    /// Returns where one input of a sample lies, for data sets that keep each input in a file of its own.
    /// @param input  its position in the schema
    [[nodiscard]] virtual std::string input_place(std::int64_t id, std::size_t /*input*/) const { return place(id); }
    /// Returns where the targets of a sample lie, likewise.
    [[nodiscard]] virtual std::string targets_place(std::int64_t id) const { return place(id); }
};

/// A change of every sample. Transforms of one picture or array derive from InputTransform (data/input_transform.hpp).
class Transform {
public:
    virtual ~Transform() = default;
    /// Returns what samples of this schema become.
    /// @throws DataError when the transform does not fit them, naming the transform and the shapes
    [[nodiscard]] virtual Schema output(const Schema& input) const = 0;
    /// Returns the changed sample. @param input  the schema that the sample has
    [[nodiscard]] virtual Sample apply(Sample sample, const Schema& input) const = 0;
};

/// @throws ConfigError (bad settings), DataError (files). Relative paths are relative to the config file's folder.
[[nodiscard]] std::unique_ptr<Dataset> make_dataset(const std::string& name, const ConfigNode& node);
[[nodiscard]] std::vector<std::string> dataset_names();
/// @param framework  whose meaning of the word counts where LPOT's frameworks differ
[[nodiscard]] std::unique_ptr<Transform> make_transform(const std::string& name, const ConfigNode& node,
                                                        Framework framework = Framework::onnxrt);
[[nodiscard]] std::vector<std::string> transform_names();

/// Returns a view of a data set that holds some of its samples, in their order and with new numbers from 0 on.
/// @throws ConfigError when the settings are wrong, no sample is left, or the samples have not what the filter looks at
/// @throws DataError for a sample that cannot be read; with `keeps_bad_samples` such a sample stays in the view
[[nodiscard]] std::unique_ptr<Dataset> make_filtered(const std::string& name, const ConfigNode& node,
                                                     std::unique_ptr<Dataset> dataset, bool keeps_bad_samples = false);
[[nodiscard]] std::vector<std::string> filter_names();

/// Data set, filter and transforms of one dataloader section.
class Pipeline {
public:
    /// @throws ConfigError when a transform does not fit the samples, and as make_dataset and make_transform
    explicit Pipeline(const DataloaderConfig& config);

    [[nodiscard]] std::int64_t size() const { return dataset_->size(); }
    /// Returns whether samples that cannot be read are to be left out by whoever reads (on_bad_sample: skip).
    [[nodiscard]] bool skips_bad_samples() const { return skips_bad_samples_; }
    /// Returns what a sample holds after the transforms. Types are those of the data, such as uint8 for a picture that
    /// nothing has changed; whoever feeds a model converts them.
    [[nodiscard]] const Schema& schema() const { return schemas_.back(); }
    /// Returns whether fractions may feed a uint8 input, cut towards zero: TensorFlow's session converts what it is fed
    /// with as NumPy does, and its resized pictures are fp32. LPOT's configs of detectors rely on both.
    [[nodiscard]] bool cuts_fractions() const { return framework_ == Framework::tensorflow; }
    /// Returns what a sample held before the section `collate` padded it: a size of kSymbolic differs from sample to
    /// sample there, also where all samples are padded to one size.
    [[nodiscard]] const Schema& unpadded_schema() const { return schemas_[schemas_.size() - (has_collate_ ? 2 : 1)]; }
    /// Returns the identity of content and transforms, for the journal's header.
    [[nodiscard]] std::uint64_t identity_hash() const;
    /// Returns the sample with this number, after the transforms. @pre 0 <= id < size()
    /// @throws DataError naming the file and the sample
    [[nodiscard]] Sample read(std::int64_t id) const { return finish(read_part(id, 0), 0); }

    /// Returns how many transforms there are, `collate` included.
    [[nodiscard]] std::size_t stages() const { return transforms_.size(); }
    /// Returns the sample behind the first `stage` transforms. @pre as read, and stage <= stages()
    [[nodiscard]] Sample read_part(std::int64_t id, std::size_t stage) const;
    /// Returns what the transforms behind the first `stage` ones make of such a sample, which stays as it is.
    [[nodiscard]] Sample finish(Sample sample, std::size_t stage) const;
    /// Returns what the inputs of a sample take behind the first `stage` transforms; nothing where that differs from
    /// sample to sample.
    [[nodiscard]] std::optional<std::uint64_t> input_bytes(std::size_t stage) const;
    /// Returns the stage at which the inputs take the fewest bytes, the last one of equals: a picture, for example, is
    /// narrowest when it is cropped and its pixels are still bytes. Stages of unknown size count only if all are: then
    /// it is stages().
    [[nodiscard]] std::size_t narrowest_stage() const;

    /// Returns where a sample lies, for messages: "ids.npy: record 17". @pre 0 <= id < size()
    [[nodiscard]] std::string place(std::int64_t id) const { return dataset_->place(id); }
    /// Returns where one input of a sample lies. @param input  its position in the schema
    [[nodiscard]] std::string input_place(std::int64_t id, std::size_t input) const {
        return dataset_->input_place(id, input);
    }
    /// Returns where the targets of a sample lie.
    [[nodiscard]] std::string targets_place(std::int64_t id) const { return dataset_->targets_place(id); }

private:
    void add_transform(std::unique_ptr<Transform> transform, const ConfigNode& node);

    std::unique_ptr<Dataset> dataset_;
    std::vector<std::unique_ptr<Transform>> transforms_;
    std::vector<Schema> schemas_;  ///< before each transform, and behind the last one; never empty
    std::uint64_t config_hash_ = 0;
    Framework framework_ = Framework::onnxrt;
    bool skips_bad_samples_ = false;
    bool has_collate_ = false;  ///< whether the last transform is that of the section `collate`
};

/// Logical shards: sample range of shard s of S over n samples is [s*n/S, (s+1)*n/S). Never depends on ranks.
struct SampleRange {
    std::int64_t first = 0;
    std::int64_t last = 0;  ///< exclusive
    [[nodiscard]] std::int64_t count() const { return last - first; }
};
[[nodiscard]] SampleRange shard_range(std::int64_t samples, std::int64_t shards, std::int64_t shard);

}  // namespace halftone
