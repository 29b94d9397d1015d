// Collate: inputs whose size differs from sample to sample are padded to one size, so that they can run together.

#include "data/pad_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "base/error.hpp"
#include "config/reader.hpp"
#include "data/convert.hpp"

namespace halftone {
namespace {

/// Copies `from` into the corner of `to`, row by row along the last axis.
void copy_into_corner(const Tensor& from, MutableView to) {
    const Shape& small = from.shape();
    const std::size_t rank = small.rank();
    const std::size_t width = size_of(from.dtype());
    const std::size_t row_bytes = static_cast<std::size_t>(small[rank - 1]) * width;
    if (from.elements() == 0) return;
    std::vector<std::int64_t> index(rank - 1, 0);
    for (const std::byte* row = from.view().data; row != from.view().data + from.bytes(); row += row_bytes) {
        std::int64_t at = 0;
        // Horner's rule gives the row's place in the larger tensor; the last axis is copied as a whole.
        for (std::size_t d = 0; d + 1 < rank; ++d) at = (at + index[d]) * to.type.shape[d + 1];
        std::memcpy(to.data + static_cast<std::size_t>(at) * width, row, row_bytes);
        for (std::size_t d = rank - 1; d-- > 0 && ++index[d] == small[d];) index[d] = 0;
    }
}

class PadInputs final : public Transform {
public:
    PadInputs(std::int64_t most, std::map<std::string, double> values) : most_(most), values_(std::move(values)) {}

    Schema output(const Schema& input) const override {
        Schema padded = input;
        // A name that no input has is a typing error; the padding would silently be 0.
        for (const auto& [name, value] : values_) {
            const auto is_named = [&](const Field& field) { return field.name == name; };
            if (std::none_of(padded.inputs.begin(), padded.inputs.end(), is_named)) {
                throw DataError("collate.values: the samples have no input '" + name + "'; they have " +
                                to_text(padded.inputs));
            }
        }
        for (Field& field : padded.inputs) {
            if (field.is_text) continue;
            for (std::size_t d = 0; d < field.type.shape.rank(); ++d) {
                if (field.type.shape[d] == kSymbolic) field.type.shape[d] = most_;
            }
        }
        return padded;
    }

    Sample apply(Sample sample, const Schema& input) const override {
        for (std::size_t i = 0; i < input.inputs.size(); ++i) {
            const Field& field = input.inputs[i];
            if (!field.is_text && !field.type.shape.is_static())
                pad(std::get<Tensor>(sample.inputs[i]), field, sample.id);
        }
        return sample;
    }

private:
    void pad(Tensor& value, const Field& field, std::int64_t id) const {
        TensorType type = value.type();
        for (std::size_t d = 0; d < type.shape.rank(); ++d) {
            if (field.type.shape[d] != kSymbolic) continue;
            // Cutting would change what the sample is; the user can do that before.
            if (type.shape[d] > most_) {
                throw DataError(fmt::format("sample {}: '{}' has the shape {}, collate.pad_to allows {}", id,
                                            field.name, value.shape().to_text(), most_));
            }
            type.shape[d] = most_;
        }
        if (type == value.type()) return;
        const auto given = values_.find(field.name);
        const Tensor fill =
            cast_values(Tensor::scalar(static_cast<float>(given == values_.end() ? 0 : given->second)), type.dtype);
        Tensor padded(type);
        const MutableView out = padded.mutable_view();
        const std::size_t width = size_of(type.dtype);
        for (std::size_t at = 0; at < out.bytes(); at += width) std::memcpy(out.data + at, fill.view().data, width);
        copy_into_corner(value, out);
        value = std::move(padded);
    }

    std::int64_t most_;
    std::map<std::string, double> values_;  ///< by name of the input; 0 where none is given
};

}  // namespace

std::unique_ptr<Transform> make_pad_inputs(const ConfigNode& node) {
    Reader reader(node);
    const ConfigNode* pad_to = reader.child("pad_to");
    const bool is_map = pad_to != nullptr && pad_to->kind == ConfigNode::Kind::map;
    if (!is_map || pad_to->find("max") == nullptr) {
        reader.fail("pad_to", "must be {max: N}; other sizes for each batch are not available yet");
    }
    Reader size(*pad_to);
    const std::int64_t most = size.integer("max", 1, 1, std::int64_t{1} << 24);
    size.finish();
    std::map<std::string, double> values;
    if (const ConfigNode* given = reader.child("values")) {
        Reader by_name(*given);
        for (const auto& [name, value] : given->entries) values.emplace(name, by_name.number(name, 0));
        by_name.finish();
    }
    reader.finish();
    return std::make_unique<PadInputs>(most, std::move(values));
}

}  // namespace halftone
