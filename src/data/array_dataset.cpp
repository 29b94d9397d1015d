// A data set of stored arrays.
//
//   read_fields   a map of the config to named arrays, each one array, or values with offsets (open_field)
//   read_mask     the input that tells data from padding
//   ArrayDataset  their rows, side by side; targets are checked for NaN, padding is cut off
#include "data/array_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "data/convert.hpp"
#include "data/masked_length.hpp"
#include "data/named_arrays.hpp"
#include "data/ragged_array.hpp"

namespace halftone {
namespace {

/// Opens `x.npy`, or rows of different lengths: `{values: x.npy, offsets: begins.npy}`.
std::unique_ptr<StoredArray> open_field(const ConfigNode& value, const OpenArray& open) {
    if (value.kind == ConfigNode::Kind::scalar) return open(value);
    if (value.kind != ConfigNode::Kind::map) {
        fail_at(value, "must be the name of one array, or {values: ARRAY, offsets: ARRAY}");
    }
    Reader reader(value);
    static_cast<void>(reader.required_text("values"));
    static_cast<void>(reader.required_text("offsets"));
    reader.finish();
    return join_ragged(open(*value.find("values")), *open(*value.find("offsets")));
}

/// @param faults  receives what is wrong with files, so that all missing ones are named at once
std::vector<NamedArray> read_fields(Reader& reader, const char* key, const OpenArray& open,
                                    std::vector<std::string>& faults) {
    std::vector<NamedArray> fields;
    const ConfigNode* node = reader.child(key);
    if (node == nullptr) return fields;
    if (node->kind != ConfigNode::Kind::map) fail_at(*node, "must map the names of fields to arrays, as in {x: x.npy}");
    for (const auto& [name, value] : node->entries) {
        try {
            fields.push_back({name, open_field(value, open)});
        } catch (const DataError& error) {
            faults.emplace_back(error.what());
        }
    }
    return fields;
}

bool holds_nan(const Tensor& values) {
    // Of integers no NaN can come, and most targets are labels: these are not looked at.
    const bool may_hold = values.dtype() == DType::f32 || values.dtype() == DType::f64 || values.dtype() == DType::f16;
    if (!may_hold) return false;
    const Tensor floats = to_floats(values);
    const auto all = floats.as<float>();
    return std::any_of(all.begin(), all.end(), [](float value) { return std::isnan(value); });
}

class ArrayDataset final : public Dataset {
public:
    /// @param mask  position of the input whose zeros at the end are padding; nothing: nothing is cut off
    ArrayDataset(std::vector<NamedArray> inputs, std::vector<NamedArray> targets, std::optional<std::size_t> mask)
        : inputs_(std::move(inputs)), targets_(std::move(targets)), mask_(mask) {
        schema_ = {.inputs = fields_of(inputs_), .targets = fields_of(targets_)};
        if (!mask_) return;
        length_ = inputs_[*mask_].array->row_field().type.shape[0];
        open_length(schema_.inputs, length_);
        open_length(schema_.targets, length_);
    }

    std::int64_t size() const override { return inputs_.front().array->rows(); }
    const Schema& schema() const override { return schema_; }

    Sample read(std::int64_t id) const override {
        HALFTONE_CHECK(id >= 0 && id < size(), "a sample's number lies in the data set");
        Sample sample{.id = id};
        for (const NamedArray& input : inputs_) sample.inputs.push_back(input.array->read_row(id));
        for (const NamedArray& target : targets_) {
            sample.targets.push_back(target.array->read_row(id));
            const auto* numbers = std::get_if<Tensor>(&sample.targets.back());
            // A figure with a NaN in it says nothing, and says it only after the whole evaluation.
            if (numbers != nullptr && holds_nan(*numbers)) {
                throw DataError(
                    fmt::format("{}: record {}: the target '{}' holds NaN", target.array->place(), id, target.name));
            }
        }
        if (mask_) cut_padding(sample);
        return sample;
    }

    std::string place(std::int64_t id) const override { return input_place(id, 0); }
    std::string targets_place(std::int64_t id) const override {
        std::vector<std::string> places;
        for (const NamedArray& target : targets_) places.push_back(target.array->place());
        return fmt::format("{}: record {}", fmt::join(places, ", "), id);
    }
    std::string input_place(std::int64_t id, std::size_t input) const override {
        return fmt::format("{}: record {}", inputs_.at(input).array->place(), id);
    }

    std::uint64_t content_hash() const override {
        Hasher hasher;
        for (const auto* arrays : {&inputs_, &targets_}) {
            for (const NamedArray& array : *arrays) {
                hasher.add(std::string_view(array.name)).add(array.array->content_hash());
            }
            // The number separates inputs from targets: moving an array from one to the other must change the hash.
            hasher.add(arrays->size());
        }
        // Added only where there is one, so that other data sets keep their identity.
        if (mask_) hasher.add(static_cast<std::uint64_t>(*mask_));
        return hasher.digest();
    }

private:
    void cut_padding(Sample& sample) const {
        const std::int64_t used = masked_length(std::get<Tensor>(sample.inputs[*mask_]));
        cut_rows(sample.targets, targets_, length_, used);
        cut_rows(sample.inputs, inputs_, length_, used);
    }

    std::vector<NamedArray> inputs_;
    std::vector<NamedArray> targets_;
    std::optional<std::size_t> mask_;
    std::int64_t length_ = 0;  ///< of the mask
    Schema schema_;
};

/// Reads the key `mask`: the name of the input that tells data from padding.
std::optional<std::size_t> read_mask(Reader& reader, const std::vector<NamedArray>& inputs) {
    const std::string name = reader.text("mask", "");
    if (name.empty()) return std::nullopt;
    const auto found = std::find_if(inputs.begin(), inputs.end(), [&](const NamedArray& a) { return a.name == name; });
    if (found == inputs.end()) reader.fail("mask", "must be the name of one of the inputs");
    const Field& field = found->array->row_field();
    if (field.is_text || field.type.shape.rank() != 1 || field.type.shape[0] < 1 || !is_convertible(field.type.dtype)) {
        reader.fail("mask", "must be an input whose rows are lists of one length; '" + name + "' is not");
    }
    return static_cast<std::size_t>(found - inputs.begin());
}

}  // namespace

std::unique_ptr<Dataset> make_array_dataset(Reader& reader, const OpenArray& open) {
    std::vector<std::string> faults;
    std::vector<NamedArray> inputs = read_fields(reader, "inputs", open, faults);
    if (inputs.empty() && faults.empty())
        reader.fail("inputs", "must be given: a map from names to arrays, as in {x: x.npy}");
    std::vector<NamedArray> targets = read_fields(reader, "targets", open, faults);
    if (!faults.empty()) throw DataError(fmt::format("{}", fmt::join(faults, "\n       ")));
    // All arrays are compared with the first one; the message names both files, because either may be the wrong one.
    const StoredArray& first = *inputs.front().array;
    for (const auto* arrays : {&inputs, &targets}) {
        for (const NamedArray& array : *arrays) {
            const StoredArray& other = *array.array;
            if (other.rows() == first.rows()) continue;
            throw DataError(fmt::format("{} holds {} samples, but {} holds {}", first.place(), first.rows(),
                                        other.place(), other.rows()));
        }
    }
    if (first.rows() == 0) throw DataError(first.place() + ": holds no samples");
    const std::optional<std::size_t> mask = read_mask(reader, inputs);
    return std::make_unique<ArrayDataset>(std::move(inputs), std::move(targets), mask);
}

}  // namespace halftone
