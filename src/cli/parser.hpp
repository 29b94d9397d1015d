#pragma once
// Parses a command line into a request: a command with its options, a text to print, or a fault.

#include <string>

#include "cli/options.hpp"

namespace halftone::cli {

/// Facts about the program.
struct ProgramFacts {
    std::string version;       ///< "1.2.3", for the man page
    std::string version_text;  ///< what --version prints, without the last line end
};

/// The request of a command line. Exactly one of `fault`, `text` and `command` is not empty.
struct Request {
    std::string fault{};    ///< the fault of the command line, and the command for help; the exit code is 2 then
    std::string text{};     ///< the text to print if nothing else is to be done: help, version, completion, man page
    std::string command{};  ///< the name of the command to run: "tune", …
    CommandLine line{};     ///< the options of that command, and those of all commands
};

/// Reads the words of a command line; argv[0] is the program's name, which is ignored.
[[nodiscard]] Request parse_command_line(int argc, const char* const* argv, const ProgramFacts& program);

}  // namespace halftone::cli
