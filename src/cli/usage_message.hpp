#pragma once
// What is said of a command line that cannot be parsed.

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace halftone::cli {

/// Returns the message for a command line that `app` refused with `error`: what is wrong, the option that may have been
/// meant, and where help is to be had.
[[nodiscard]] std::string usage_message(const CLI::App& app, const CLI::ParseError& error);

}  // namespace halftone::cli
