#pragma once
// Runs another program to its end: no shell, a time limit, and bounded output.

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace halftone {

/// How a program ended and what it wrote.
struct ProgramResult {
    int exit_code = 0;       ///< -1 unless it ended by itself
    int signal = 0;          ///< that ended it; 0: none
    bool timed_out = false;  ///< it was ended after the time limit
    std::string out;         ///< its stdout, at most the limit
    std::string err;         ///< its stderr, likewise
};

/// Starts the program in its own process group, so that a Ctrl-C at the terminal does not reach it, and waits for its
/// end. After the time limit it is killed with all that it started. If the calling thread ends before, because its
/// process is killed, the program is killed, too; what it started may go on. What it writes beyond `most_output` bytes
/// to stdout or to stderr is read and dropped. Its stdin is empty.
/// @param arguments  the program, found in PATH, and its arguments; at least one
/// @param folder     where it runs; empty: the working directory
/// @throws IoError   when it cannot be started
[[nodiscard]] ProgramResult run_program(const std::vector<std::string>& arguments, const std::string& folder,
                                        std::chrono::milliseconds time_limit, std::size_t most_output);

/// A file that exists as long as the object: written when it is made, and removed with it. It lies in TMPDIR or /tmp
/// and only this user may read it.
class TemporaryFile {
public:
    /// @param suffix  end of its name, ".npz". @throws IoError
    TemporaryFile(const std::string& suffix, const std::string& bytes);
    ~TemporaryFile();
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace halftone
