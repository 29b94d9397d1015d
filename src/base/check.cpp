#include "base/check.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace halftone::detail {

void check_failed(std::string_view condition, std::string_view file, int line, std::string_view what) {
    // The path as seen from the source tree, so that the message is the same wherever the program was built.
    if (const auto at = file.rfind("/src/"); at != std::string_view::npos) file.remove_prefix(at + 1);
    throw InternalError(fmt::format("internal error at {}:{}: {} (check failed: {})", file, line, what, condition));
}

}  // namespace halftone::detail
