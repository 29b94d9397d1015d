#pragma once
// What the operating system tells a process about itself.

#include <optional>
#include <string>

namespace halftone {

/// Returns the value of an environment variable, or nothing when it is not set. A variable may be set and empty.
[[nodiscard]] std::optional<std::string> environment(const char* name);

/// Returns whether messages on stderr are read by a person at a terminal, not by a file or a pipe.
[[nodiscard]] bool is_stderr_a_terminal();

/// Returns how many columns the terminal at stderr has now; 0 where stderr is no terminal, or does not tell.
[[nodiscard]] int stderr_columns();

/// Returns the name of this machine, for messages; "unknown host" when the system does not tell.
[[nodiscard]] std::string host_name();

/// Returns the folder that relative paths start from. @throws IoError when it was removed
[[nodiscard]] std::string working_directory();

/// Returns the largest amount of memory in MiB that this process has held at once.
[[nodiscard]] double peak_memory_mb();

}  // namespace halftone
