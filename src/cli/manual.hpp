#pragma once
// The man page, made from the command line of the program. Only the parser calls this.

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}  // namespace CLI

namespace halftone::cli {

/// Returns the page halftone(1) in the language of man, from the help texts of all commands.
/// @param version  of the program, "1.2.3"
[[nodiscard]] std::string man_page(const CLI::App& app, const std::string& version);

}  // namespace halftone::cli
