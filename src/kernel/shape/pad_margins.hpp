#pragma once
// What Pad adds before and behind each dimension, and where an added position comes from.

#include <string>
#include <vector>

#include "kernel/shape/rules.hpp"

namespace halftone::ref {

/// By dimension; negative numbers cut.
struct PadMargins {
    std::vector<std::int64_t> begin;
    std::vector<std::int64_t> end;
};

/// Returns the margins that the inputs 'pads' and 'axes' name. @throws ModelError
[[nodiscard]] PadMargins pad_margins(const OpContext& op);

/// Returns where an output position of one dimension comes from, `place` being counted from the input's first element;
/// -1: from the constant. `mode` is one of constant, edge, reflect and wrap.
[[nodiscard]] std::int64_t pad_source(std::int64_t place, std::int64_t size, const std::string& mode);

}  // namespace halftone::ref
