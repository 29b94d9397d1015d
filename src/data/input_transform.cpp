#include "data/input_transform.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace halftone {

InputTransform::InputTransform(Reader& reader) : name_(reader.optional_text("input")) {
    const std::string& path = reader.node().path;
    word_ = path.substr(path.rfind('.') + 1);
}

std::size_t InputTransform::position_in(const Schema& schema) const {
    const auto& inputs = schema.inputs;
    const auto found =
        !name_ ? inputs.begin()
               : std::find_if(inputs.begin(), inputs.end(), [&](const Field& field) { return field.name == *name_; });
    if (found == inputs.end()) {
        throw DataError(word_ + ": the samples have no input '" + name_.value_or("") + "'; they have " +
                        to_text(inputs));
    }
    if (found->is_text) throw DataError(word_ + ": the input '" + found->name + "' is text");
    return static_cast<std::size_t>(found - inputs.begin());
}

Schema InputTransform::output(const Schema& input) const {
    Schema changed = input;
    Field& field = changed.inputs[position_in(input)];
    field.type = output_type(field.type);
    return changed;
}

Sample InputTransform::apply(Sample sample, const Schema& input) const {
    FieldValue& value = sample.inputs[position_in(input)];
    value = change(std::get<Tensor>(value));
    return sample;
}

}  // namespace halftone
