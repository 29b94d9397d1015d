#pragma once
// Words of a command line to what they ask for: a command with its options, a text to print, or a fault.

#include <string>

#include "cli/options.hpp"

namespace halftone::cli {

/// What the program says of itself.
struct ProgramFacts {
    std::string version;       ///< "1.2.3", for the man page
    std::string version_text;  ///< what --version prints, without the last line end
};

/// What a command line asks for. Exactly one of `fault`, `text` and `command` is not empty.
struct Request {
    std::string fault{};    ///< what is wrong with the words, where help is to be had; the exit code is then 2
    std::string text{};     ///< what shall be printed and nothing else: help, version, completion, man page
    std::string command{};  ///< the name of the command that shall run: "tune", …
    CommandLine line{};     ///< the options of that command, and those of all commands
};

/// Reads the words of a command line; argv[0] is the program's name, which is not looked at.
[[nodiscard]] Request parse_command_line(int argc, const char* const* argv, const ProgramFacts& program);

}  // namespace halftone::cli
