#pragma once
// Facts from the operating system about this machine and the programs on it.

#include <optional>
#include <string>
#include <vector>

namespace halftone {

/// Returns the processor's name, such as "AMD EPYC 7B13", or "unknown processor" if the system has none.
[[nodiscard]] std::string processor_name();
/// Returns the number of hardware threads of the machine.
[[nodiscard]] int machine_cores();
/// Returns on how many hardware threads this process may run. A launcher that binds ranks to cores leaves fewer.
[[nodiscard]] int usable_cores();
/// Returns the path of the running program. @throws IoError
[[nodiscard]] std::string program_path();
/// Returns the path of a program that is in PATH, or nothing.
[[nodiscard]] std::optional<std::string> find_program(const std::string& name);

/// Starts a program that shares stdin, stdout and stderr with this process, and waits for its end.
/// @param arguments  the program, found in PATH, and its arguments
/// @return its exit code; 128 + number of the signal that ended it
/// @throws IoError when it cannot be started
[[nodiscard]] int run_attached(const std::vector<std::string>& arguments);

}  // namespace halftone
