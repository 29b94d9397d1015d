#pragma once
// Completion for shells, made from the command line of the program. Only the parser calls this.

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}  // namespace CLI

namespace halftone::cli {

/// Returns a script that completes commands and options; the shell itself completes files.
/// @param shell  "bash" or "zsh"
[[nodiscard]] std::string completion_script(const CLI::App& app, const std::string& shell);

}  // namespace halftone::cli
