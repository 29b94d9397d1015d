// Collate: inputs whose size differs from sample to sample are padded, to one size or to few sizes.
//
//   AddMask       the input of ones that `mask` asks for
//   PadInputs     the transform that comes last; it notes what the shapes were, so that padding can be told from data
//   read_pad_to   longest, {multiple: N} or {max: N}
//
// What a sample is padded to depends on the sample alone and never on its neighbours. So its answers are the same in
// any batch, any order and on any rank, also where a model does not mask the padding away.

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

/// Adds an input of ones, which the padding behind it fills up with zeros.
class AddMask final : public Transform {
public:
    explicit AddMask(std::string name) : name_(std::move(name)) {}

    Schema output(const Schema& input) const override {
        for (const Field& field : input.inputs) {
            if (field.name == name_) throw DataError("collate.mask: the samples have an input '" + name_ + "' already");
        }
        Schema masked = input;
        masked.inputs.push_back({.name = name_, .type = {DType::s64, input.inputs[masked_field(input)].type.shape}});
        return masked;
    }

    Sample apply(Sample sample, const Schema& input) const override {
        Tensor mask({DType::s64, std::get<Tensor>(sample.inputs[masked_field(input)]).shape()});
        for (std::int64_t& value : mask.mutable_view().as<std::int64_t>()) value = 1;
        sample.inputs.emplace_back(std::move(mask));
        return sample;
    }

private:
    /// The input that the mask is made for: the first one that is a list of open length.
    [[nodiscard]] static std::size_t masked_field(const Schema& input) {
        const auto found = std::find_if(input.inputs.begin(), input.inputs.end(), [](const Field& field) {
            return !field.is_text && field.type.shape.rank() == 1 && field.type.shape[0] == kSymbolic;
        });
        if (found != input.inputs.end()) return static_cast<std::size_t>(found - input.inputs.begin());
        throw DataError(
            "collate.mask: no input is a list whose length differs from sample to sample; the samples have " +
            to_text(input.inputs));
    }

    std::string name_;
};

/// What `collate.pad_to` says.
struct PadTo {
    enum class Rule { as_they_are, multiple, max } rule = Rule::as_they_are;
    std::int64_t number = 1;  ///< of max and multiple
};

class PadInputs final : public Transform {
public:
    PadInputs(PadTo pad_to, std::map<std::string, double> values) : pad_to_(pad_to), values_(std::move(values)) {}

    Schema output(const Schema& input) const override {
        Schema padded = input;
        // A name that no input has is a typing error; the padding would silently be 0.
        for (const auto& [name, value] : values_) {
            const auto is_named = [&name = name](const Field& field) { return field.name == name; };
            if (std::none_of(padded.inputs.begin(), padded.inputs.end(), is_named)) {
                throw DataError("collate.values: the samples have no input '" + name + "'; they have " +
                                to_text(padded.inputs));
            }
        }
        if (pad_to_.rule != PadTo::Rule::max) return padded;
        for (Field& field : padded.inputs) {
            if (field.is_text) continue;
            for (std::size_t d = 0; d < field.type.shape.rank(); ++d) {
                if (field.type.shape[d] == kSymbolic) field.type.shape[d] = pad_to_.number;
            }
        }
        return padded;
    }

    Sample apply(Sample sample, const Schema& input) const override {
        std::vector<Shape> unpadded;
        bool is_padded = false;
        for (std::size_t i = 0; i < input.inputs.size(); ++i) {
            const Field& field = input.inputs[i];
            unpadded.push_back(field.is_text ? Shape{} : std::get<Tensor>(sample.inputs[i]).shape());
            if (field.is_text || field.type.shape.is_static()) continue;
            Tensor& value = std::get<Tensor>(sample.inputs[i]);
            pad(value, field, sample.id);
            is_padded = is_padded || value.shape() != unpadded.back();
        }
        if (is_padded) sample.unpadded = std::move(unpadded);
        return sample;
    }

private:
    [[nodiscard]] std::int64_t padded_size(std::int64_t size) const {
        if (pad_to_.rule == PadTo::Rule::max) return pad_to_.number;
        // Also of the size 0: no model takes an empty dimension.
        return std::max<std::int64_t>(1, (size + pad_to_.number - 1) / pad_to_.number) * pad_to_.number;
    }

    void pad(Tensor& value, const Field& field, std::int64_t id) const {
        if (pad_to_.rule == PadTo::Rule::as_they_are) return;
        TensorType type = value.type();
        for (std::size_t d = 0; d < type.shape.rank(); ++d) {
            if (field.type.shape[d] != kSymbolic) continue;
            const std::int64_t size = padded_size(type.shape[d]);
            // Cutting would change what the sample is; the user can do that before.
            if (type.shape[d] > size) {
                throw DataError(fmt::format("sample {}: '{}' has the shape {}, collate.pad_to allows {}", id,
                                            field.name, value.shape().to_text(), size));
            }
            type.shape[d] = size;
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

    PadTo pad_to_;
    std::map<std::string, double> values_;  ///< by name of the input; 0 where none is given
};

constexpr const char* kPadToForms = "must be longest, {multiple: N} or {max: N}";

PadTo read_pad_to(Reader& reader) {
    const ConfigNode* node = reader.child("pad_to");
    if (node == nullptr) reader.fail("pad_to", kPadToForms);
    if (node->kind == ConfigNode::Kind::scalar && node->scalar == "longest") return {};
    const bool is_map = node->kind == ConfigNode::Kind::map && node->entries.size() == 1;
    const std::string word = is_map ? node->entries.front().first : "";
    if (word != "max" && word != "multiple") reader.fail("pad_to", kPadToForms);
    Reader size(*node);
    const std::int64_t number = size.integer(word.c_str(), 1, 1, std::int64_t{1} << 24);
    size.finish();
    return {.rule = word == "max" ? PadTo::Rule::max : PadTo::Rule::multiple, .number = number};
}

}  // namespace

std::unique_ptr<Transform> make_mask_input(const ConfigNode& node) {
    const ConfigNode* name = node.find("mask");
    if (name == nullptr || name->kind != ConfigNode::Kind::scalar || name->scalar.empty()) return nullptr;
    return std::make_unique<AddMask>(name->scalar);
}

std::unique_ptr<Transform> make_pad_inputs(const ConfigNode& node) {
    Reader reader(node);
    const PadTo pad_to = read_pad_to(reader);
    std::map<std::string, double> values;
    if (const ConfigNode* given = reader.child("values")) {
        Reader by_name(*given);
        for (const auto& [name, value] : given->entries) values.emplace(name, by_name.number(name, 0));
        by_name.finish();
    }
    static_cast<void>(reader.text("mask", ""));  // read by make_mask_input
    reader.finish();
    return std::make_unique<PadInputs>(pad_to, std::move(values));
}

}  // namespace halftone
