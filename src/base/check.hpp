#pragma once
// HALFTONE_CHECK(condition, "what should hold"): programmer errors only. Input never triggers a check.

#include <string>
#include <string_view>

namespace halftone::detail {
[[noreturn]] void check_failed(std::string_view condition, std::string_view file, int line, std::string_view what);
}  // namespace halftone::detail

#define HALFTONE_CHECK(condition, what)                                                           \
    do {                                                                                          \
        if (!(condition)) ::halftone::detail::check_failed(#condition, __FILE__, __LINE__, what); \
    } while (false)
