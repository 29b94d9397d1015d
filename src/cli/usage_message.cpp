#include "cli/usage_message.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <vector>

#include "base/text.hpp"

namespace halftone::cli {
namespace {

/// Returns the long option of a command that the user may have meant; empty where none is near.
std::string option_like(const CLI::App& command, const std::string& word) {
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    const auto nearest = nearest_name(word.substr(0, word.find('=')), names);
    return nearest ? *nearest : "";
}

}  // namespace

// CLI11 says "the following arguments were not expected" for a misspelt command; this names it. Where an argument is
// missing and another one is wrong, CLI11 names only the first kind.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error) {
    const std::vector<std::string> unknown = app.remaining(true);
    const auto commands = app.get_subcommands();
    if (commands.empty()) {
        // CLI11 calls a command a subcommand.
        const bool is_missing = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
        const std::string what = !unknown.empty() ? fmt::format("'{}' is no command", unknown.front())
                                 : is_missing     ? "a command is missing"
                                                  : error.what();
        return what + " (see halftone --help)";
    }
    const CLI::App& command = *commands.front();
    std::string text = error.what();
    if (!unknown.empty()) {
        if (text.find(unknown.front()) == std::string::npos) text += fmt::format("; '{}' is unknown", unknown.front());
        const std::string meant = option_like(command, unknown.front());
        if (!meant.empty()) text += fmt::format("; did you mean '{}'?", meant);
    }
    return fmt::format("{} (see halftone {} --help)", text, command.get_name());
}

}  // namespace halftone::cli
