#pragma once
// How calibration results refuse bytes that were damaged between ranks.

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace halftone {

/// @throws DataError naming what is damaged and what should hold
inline void require_undamaged(bool condition, std::string_view what, std::string_view what_should_hold) {
    if (condition) return;
    throw DataError("damaged " + std::string(what) + ": expected that " + std::string(what_should_hold));
}

}  // namespace halftone
