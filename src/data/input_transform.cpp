#include "data/input_transform.hpp"

namespace halftone {

Schema InputTransform::output(const Schema& input) const {
    Schema changed = input;
    Field& field = changed.inputs[input_.find_numbers_in(input)];
    field.type = output_type(field.type);
    return changed;
}

// Targets and other inputs are handed on as they are; Tensors share their memory, so that costs nothing.
Sample InputTransform::apply(Sample sample, const Schema& input) const {
    FieldValue& value = sample.inputs[input_.find_numbers_in(input)];
    value = change(std::get<Tensor>(value));
    return sample;
}

}  // namespace halftone
