#pragma once
// One event, one line, on stderr (and in a file once a workspace is known): time level rank room key=value…
// stdout is for results. tensor, graph, kernel, metric, space and strategy never log: they return values.

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/enum_names.hpp"

namespace halftone::log {

enum class Level { trace, debug, info, warning, error, off };
inline constexpr EnumNames<Level, 6> kLevelNames{{{{Level::trace, "trace"},
                                                   {Level::debug, "debug"},
                                                   {Level::info, "info"},
                                                   {Level::warning, "warning"},
                                                   {Level::error, "error"},
                                                   {Level::off, "off"}}}};

/// Level of stderr; the file always gets `info` and above. Call once, early. Ranks other than 0 log warnings only.
void configure(Level stderr_level, int rank);
/// Also log to this file from now on (appends). @throws IoError
void open_file(const std::string& path);
void close_file();

/// Tells the log that the last line of stderr, a terminal, is a live line, which is overwritten again and again. The
/// next message on stderr replaces this line, and after that there is no live line.
void set_live_line(bool is_there);
[[nodiscard]] bool has_live_line();

[[nodiscard]] bool is_enabled(Level level);
void write(Level level, std::string_view room, std::string_view text);

template <class... Args>
void info(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
    write(Level::info, room, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void debug(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
    if (is_enabled(Level::debug)) write(Level::debug, room, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
    write(Level::warning, room, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace halftone::log
