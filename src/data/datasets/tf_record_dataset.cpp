// TFRecordDataset: records of TFRecord files, as they are or by the names of their features.
//
//   RawRecords      one input `record`, a text with the bytes; a transform that decodes records belongs behind it
//   NamedFeatures   `inputs` and `targets` name features of tf.train.Example

#include <fmt/format.h>

#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "config/reader.hpp"
#include "data/dataset.hpp"
#include "data/formats/tf_example.hpp"
#include "data/tf_record_files.hpp"

namespace halftone {
namespace {

class RawRecords final : public Dataset {
public:
    explicit RawRecords(TfRecordFiles records) : records_(std::move(records)) {
        schema_.inputs = {{.name = "record", .is_text = true}};
    }
    std::int64_t size() const override { return records_.size(); }
    const Schema& schema() const override { return schema_; }
    Sample read(std::int64_t id) const override {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        return {.id = id, .inputs = {std::vector<std::string>{records_.read(id)}}};
    }
    std::uint64_t content_hash() const override { return records_.content_hash(); }
    std::string place(std::int64_t id) const override { return records_.place(id); }

private:
    TfRecordFiles records_;
    Schema schema_;
};

/// A field of the samples and the feature that it is read from.
struct NamedFeature {
    std::string field;
    std::string feature;
};

/// Reads a map from names of fields to names of features. @return empty where the key is missing
std::vector<NamedFeature> read_feature_names(Reader& reader, const char* key) {
    std::vector<NamedFeature> names;
    const ConfigNode* node = reader.child(key);
    if (node == nullptr) return names;
    if (node->kind != ConfigNode::Kind::map) fail_at(*node, "must map names of fields to features, as in {x: image/x}");
    for (const auto& [field, value] : node->entries) {
        if (value.kind != ConfigNode::Kind::scalar) fail_at(value, "must be the name of one feature");
        names.push_back({field, value.scalar});
    }
    return names;
}

/// Numbers are arrays of one dimension; a single one is a scalar. Bytes are texts.
FieldValue value_of(const TfFeature& feature) {
    const auto count = static_cast<std::int64_t>(feature.size());
    const Shape shape = count == 1 ? Shape{} : Shape{count};
    if (feature.kind == TfFeature::Kind::floats) return Tensor::of<float>(shape, feature.floats);
    if (feature.kind == TfFeature::Kind::integers) return Tensor::of<std::int64_t>(shape, feature.integers);
    return std::vector<std::string>(feature.texts.begin(), feature.texts.end());
}

FieldValue value_of(const TfExample& record, const NamedFeature& name) {
    const TfFeature* feature = record.find(name.feature);
    if (feature == nullptr || feature->size() == 0) record.refuse("has no values of '" + name.feature + "'");
    return value_of(*feature);
}

class NamedFeatures final : public Dataset {
public:
    /// The first record says of which type and length each feature is: the format itself has no schema, and a model's
    /// inputs must be bound before anything is run.
    NamedFeatures(TfRecordFiles records, std::vector<NamedFeature> inputs, std::vector<NamedFeature> targets)
        : records_(std::move(records)), inputs_(std::move(inputs)), targets_(std::move(targets)) {
        const std::string bytes = records_.read(0);
        const TfExample first = parse_tf_example(bytes, records_.place(0));
        for (const NamedFeature& name : inputs_) schema_.inputs.push_back(field_of(first, name));
        for (const NamedFeature& name : targets_) schema_.targets.push_back(field_of(first, name));
    }
    std::int64_t size() const override { return records_.size(); }
    const Schema& schema() const override { return schema_; }
    Sample read(std::int64_t id) const override {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        const std::string bytes = records_.read(id);
        const TfExample record = parse_tf_example(bytes, records_.place(id));
        Sample sample{.id = id};
        for (std::size_t i = 0; i < inputs_.size(); ++i) {
            sample.inputs.push_back(checked(record, inputs_[i], schema_.inputs[i]));
        }
        for (std::size_t i = 0; i < targets_.size(); ++i) {
            sample.targets.push_back(checked(record, targets_[i], schema_.targets[i]));
        }
        return sample;
    }
    std::uint64_t content_hash() const override {
        Hasher hasher;
        for (const auto* names : {&inputs_, &targets_}) {
            for (const NamedFeature& name : *names) {
                hasher.add(std::string_view(name.field)).add(std::string_view(name.feature));
            }
            hasher.add(names->size());
        }
        return hasher.add(records_.content_hash()).digest();
    }
    std::string place(std::int64_t id) const override { return records_.place(id); }

private:
    static Field field_of(const TfExample& record, const NamedFeature& name) {
        const FieldValue value = value_of(record, name);
        const auto* numbers = std::get_if<Tensor>(&value);
        if (numbers == nullptr) return {.name = name.field, .is_text = true};
        return {.name = name.field, .type = numbers->type()};
    }
    /// A feature of another type or length than in the first record would not fit the model that was bound to it.
    static FieldValue checked(const TfExample& record, const NamedFeature& name, const Field& field) {
        FieldValue value = value_of(record, name);
        const auto* numbers = std::get_if<Tensor>(&value);
        const bool fits = field.is_text ? numbers == nullptr : numbers != nullptr && numbers->type() == field.type;
        if (!fits) {
            record.refuse(fmt::format("'{}' is {}, but the first record has {}", name.feature,
                                      numbers == nullptr ? "bytes" : to_text({{.name = "", .type = numbers->type()}}),
                                      field.is_text ? "bytes" : to_text({{.name = "", .type = field.type}})));
        }
        return value;
    }

    TfRecordFiles records_;
    std::vector<NamedFeature> inputs_;
    std::vector<NamedFeature> targets_;
    Schema schema_;
};

}  // namespace

std::unique_ptr<Dataset> make_tf_record_dataset(const ConfigNode& node) {
    Reader reader(node);
    static_cast<void>(reader.required_text("root"));
    const std::string root = resolve_path(*reader.child("root"));
    std::vector<NamedFeature> inputs = read_feature_names(reader, "inputs");
    std::vector<NamedFeature> targets = read_feature_names(reader, "targets");
    if (inputs.empty() && !targets.empty()) reader.fail("inputs", "must be given beside `targets`");
    reader.finish();
    TfRecordFiles records(find_record_files("TFRecordDataset", root));
    // Without names LPOT gives the bytes to the transforms, the first of which decodes them.
    if (inputs.empty()) return std::make_unique<RawRecords>(std::move(records));
    return std::make_unique<NamedFeatures>(std::move(records), std::move(inputs), std::move(targets));
}

}  // namespace halftone
