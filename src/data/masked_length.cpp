#include "data/masked_length.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "data/convert.hpp"

namespace halftone {

std::int64_t masked_length(const Tensor& mask) {
    const Tensor floats = to_floats(mask);
    const auto values = floats.as<float>();
    // From the end: cutting at the first zero would move the tokens behind it.
    std::size_t used = values.size();
    while (used > 1 && values[used - 1] == 0.0F) --used;
    return static_cast<std::int64_t>(used);
}

Tensor first_rows(const Tensor& values, std::int64_t count) {
    std::vector<std::int64_t> dims = values.shape().dims();
    HALFTONE_CHECK(!dims.empty() && count >= 0 && count <= dims[0], "the value has these rows");
    if (count == dims[0]) return values;
    const std::size_t row_bytes = values.bytes() / static_cast<std::size_t>(dims[0]);
    dims[0] = count;
    Tensor cut({values.dtype(), Shape(std::move(dims))});
    std::copy_n(values.view().data, row_bytes * static_cast<std::size_t>(count), cut.mutable_view().data);
    return cut;
}

}  // namespace halftone
