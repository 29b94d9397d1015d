#include "data/chosen_input.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace halftone {

// Every transform's section lies below its word, so the path of the section ends with it.
ChosenInput::ChosenInput(Reader& reader) : name_(reader.optional_text("input")) {
    const std::string& path = reader.node().path;
    transform_ = path.substr(path.rfind('.') + 1);
}

// The input is searched in every sample anew: a schema has a handful of fields, and a position that was kept would be
// one more thing that could disagree with the schema.
std::size_t ChosenInput::find_in(const Schema& schema) const {
    const auto& inputs = schema.inputs;
    const auto found =
        !name_ ? inputs.begin()
               : std::find_if(inputs.begin(), inputs.end(), [&](const Field& field) { return field.name == *name_; });
    if (found == inputs.end()) {
        throw DataError(transform_ + ": the samples have no input '" + name_.value_or("") + "'; they have " +
                        to_text(inputs));
    }
    return static_cast<std::size_t>(found - inputs.begin());
}

std::size_t ChosenInput::find_numbers_in(const Schema& schema) const {
    const std::size_t position = find_in(schema);
    const Field& field = schema.inputs[position];
    if (field.is_text) throw DataError(transform_ + ": the input '" + field.name + "' is text");
    return position;
}

}  // namespace halftone
