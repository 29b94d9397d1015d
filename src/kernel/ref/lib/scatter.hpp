#pragma once
// ScatterND and ScatterElements: how an update meets the element that it is written to.

#include <functional>
#include <string>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {

/// The attribute reduction: none, add, mul, min or max. @throws ModelError for another word, and where elements are
/// bool and the word is not none
[[nodiscard]] inline std::string scatter_reduction(const OpContext& op) {
    const std::string word = string_attribute(op.node, "reduction", "none");
    if (word == "none") return word;
    if (word != "add" && word != "mul" && word != "min" && word != "max") refuse(op, "reduction '" + word + "'");
    check_dtype(op, 0, kNumbers);
    return word;
}

/// body(combine) with a function that gives the new element from the old one and the update. NaN wins in min and max.
template <class T, class Body>
void with_reduction(const std::string& word, Body body) {
    if (word == "add") return body([](T old, T update) { return wrapping(old, update, std::plus<>()); });
    if (word == "mul") return body([](T old, T update) { return wrapping(old, update, std::multiplies<>()); });
    if (word == "min") return body([](T old, T update) { return update < old || update != update ? update : old; });
    if (word == "max") return body([](T old, T update) { return update > old || update != update ? update : old; });
    body([](T, T update) { return update; });
}

/// An index that may count from the end. @throws ModelError where it is outside
[[nodiscard]] inline std::int64_t scatter_place(const OpContext& op, std::int64_t index, std::int64_t size) {
    if (index < -size || index >= size) {
        refuse(op, "index " + std::to_string(index) + " is outside a dimension of " + std::to_string(size));
    }
    return index < 0 ? index + size : index;
}

}  // namespace halftone::ref
