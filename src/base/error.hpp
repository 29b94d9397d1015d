#pragma once
// Errors that end a run. Each kind has one exit code; only main() turns an Error into a message and a code.
// Expected failures (a candidate that cannot run, an unsupported node) are values, not exceptions.

#include <stdexcept>
#include <string>
#include <string_view>

namespace halftone {

/// Exit codes of the program; the same through mpirun.
enum class ExitCode : int {
    ok = 0,
    usage = 2,         ///< command line, config, rule, used workspace, resume mismatch, name not available
    model = 3,         ///< model or data set refused
    io = 4,            ///< file system
    mpi = 5,           ///< message passing
    goal_missed = 6,   ///< finished; the best failing model was delivered
    internal = 70,     ///< our bug
    interrupted = 75,  ///< stopped by a signal; the workspace can be resumed
};

class Error : public std::runtime_error {
public:
    Error(ExitCode code, std::string message)
        : std::runtime_error(message), code_(code), message_(std::move(message)) {}

    [[nodiscard]] ExitCode code() const noexcept { return code_; }
    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

    /// Puts `context` and ": " before the message; for catch (Error& e) { e.add_context(...); throw; }.
    void add_context(std::string_view context) { message_ = std::string(context) + ": " + message_; }

private:
    ExitCode code_;
    std::string message_;
};

/// A mistake in the user's YAML, command line or rules; the message begins with file:line:column if they are known.
struct ConfigError : Error {
    explicit ConfigError(std::string message) : Error(ExitCode::usage, std::move(message)) {}
};
/// A model that is malformed or uses what Halftone does not support; names node and reason.
struct ModelError : Error {
    explicit ModelError(std::string message) : Error(ExitCode::model, std::move(message)) {}
};
/// A data set that is missing, malformed or does not fit the model.
struct DataError : Error {
    explicit DataError(std::string message) : Error(ExitCode::model, std::move(message)) {}
};
/// The file system failed: names operation, path and reason.
struct IoError : Error {
    explicit IoError(std::string message) : Error(ExitCode::io, std::move(message)) {}
};
/// Message passing failed: names the failing call.
struct MpiError : Error {
    explicit MpiError(std::string message) : Error(ExitCode::mpi, std::move(message)) {}
};
/// A broken invariant: our bug. Thrown by HALFTONE_CHECK only.
struct InternalError : Error {
    explicit InternalError(std::string message) : Error(ExitCode::internal, std::move(message)) {}
};

}  // namespace halftone
