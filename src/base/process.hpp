#pragma once
// Facts from the operating system about this process.

#include <optional>
#include <string>

namespace halftone {

/// Returns the value of an environment variable, or nothing when it is not set. A variable may be set and empty.
[[nodiscard]] std::optional<std::string> environment(const char* name);

/// Returns whether stderr is a terminal, not a file or a pipe.
[[nodiscard]] bool is_stderr_a_terminal();

/// Returns how many columns the terminal at stderr has now; 0 if stderr is not a terminal or its width is unknown.
[[nodiscard]] int stderr_columns();

/// Returns the name of this machine, for messages; "unknown host" if the system has none.
[[nodiscard]] std::string host_name();

/// Returns the folder from which relative paths start. @throws IoError when it was removed
[[nodiscard]] std::string working_directory();

/// Returns the largest amount of memory in MiB that this process has held at once.
[[nodiscard]] double peak_memory_mb();

}  // namespace halftone
