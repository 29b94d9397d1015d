#pragma once
// The commands of a new user, and those about the program itself: init, doctor, certify, completion, man.

#include <CLI/CLI.hpp>

#include <optional>
#include <string>

#include "commands.hpp"

namespace halftone::app {

struct FirstOptions {
    InitOptions init;
    DoctorOptions doctor;
    CertifyOptions certify;
    std::string shell;  ///< of completion
};

/// Adds these commands with their options and help texts. @param options  outlives the app
void add_first_commands(CLI::App& app, FirstOptions& options);

/// Runs the command if it is one of these, and returns its exit code; nothing for other commands.
[[nodiscard]] std::optional<int> run_first_command(const CLI::App& app, const FirstOptions& options);

}  // namespace halftone::app
