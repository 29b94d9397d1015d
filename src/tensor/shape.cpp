#include "tensor/shape.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace halftone {

bool Shape::is_static() const {
    return std::all_of(dims_.begin(), dims_.end(), [](std::int64_t dim) { return dim >= 0; });
}

// Sizes come from files, so the product is checked; readers refuse what is too large with a better message before.
std::int64_t Shape::elements() const {
    std::int64_t product = 1;
    for (const std::int64_t dim : dims_) {
        HALFTONE_CHECK(dim >= 0, "elements() of a shape with a symbolic dimension, " + to_text());
        HALFTONE_CHECK(!__builtin_mul_overflow(product, dim, &product), "element count above 2^63 of " + to_text());
    }
    return product;
}

// The form in which messages and logs show a shape. A symbolic dimension is the batch, so it is shown as N.
std::string Shape::to_text() const {
    std::string text = "[";
    for (const std::int64_t dim : dims_) {
        if (text.size() > 1) text += ',';
        text += dim == kSymbolic ? "N" : std::to_string(dim);
    }
    return text + ']';
}

}  // namespace halftone
