#include "kernel/shape/indices.hpp"

namespace halftone::ref {

// Both index types are widened to 64 bits first, so that the check below has one form and cannot overflow.
std::vector<std::int64_t> indices_of(const OpContext& op, const TensorView& view, std::int64_t size) {
    std::vector<std::int64_t> indices;
    if (view.type.dtype == DType::s64) {
        const auto given = view.as<std::int64_t>();
        indices.assign(given.begin(), given.end());
    } else {
        const auto given = view.as<std::int32_t>();
        indices.assign(given.begin(), given.end());
    }
    for (std::int64_t& index : indices) {
        if (index < -size || index >= size) {
            refuse(op, "index " + std::to_string(index) + " is outside a dimension of " + std::to_string(size));
        }
        if (index < 0) index += size;
    }
    return indices;
}

}  // namespace halftone::ref
