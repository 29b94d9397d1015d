#include "data/named_arrays.hpp"

#include <variant>

#include "data/masked_length.hpp"

namespace halftone {
namespace {

bool has_length(const Field& field, std::int64_t length) {
    return !field.is_text && field.type.shape.rank() > 0 && field.type.shape[0] == length;
}

}  // namespace

std::vector<Field> fields_of(const std::vector<NamedArray>& arrays) {
    std::vector<Field> fields;
    for (const NamedArray& array : arrays) {
        fields.push_back(array.array->row_field());
        fields.back().name = array.name;
    }
    return fields;
}

void open_length(std::vector<Field>& fields, std::int64_t length) {
    for (Field& field : fields) {
        if (has_length(field, length)) field.type.shape[0] = kSymbolic;
    }
}

void cut_rows(std::vector<FieldValue>& values, const std::vector<NamedArray>& arrays, std::int64_t length,
              std::int64_t used) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        // Asked of the array: the data set's own field is open already.
        if (has_length(arrays[i].array->row_field(), length)) values[i] = first_rows(std::get<Tensor>(values[i]), used);
    }
}

}  // namespace halftone
