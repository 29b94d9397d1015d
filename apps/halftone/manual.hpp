#pragma once
// The program's own description of itself, made from its command line: completion for shells, and the man page.

#include <CLI/CLI.hpp>

#include <string>

namespace halftone::app {

/// Returns a script that completes commands and options. @param shell  "bash" or "zsh"
[[nodiscard]] std::string completion_script(const CLI::App& app, const std::string& shell);

/// Returns the page halftone(1) in the language of man, from the help texts of all commands.
[[nodiscard]] std::string man_page(const CLI::App& app, const std::string& version);

}  // namespace halftone::app
