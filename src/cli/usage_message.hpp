#pragma once
// The message for a command line that cannot be parsed.

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
class ParseError;
}  // namespace CLI

namespace halftone::cli {

/// Returns the message for a command line that `app` refused with `error`: the fault, the option that the user may have
/// meant, and the command for help.
[[nodiscard]] std::string usage_message(const CLI::App& app, const CLI::ParseError& error);

}  // namespace halftone::cli
