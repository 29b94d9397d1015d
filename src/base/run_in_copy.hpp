#pragma once
// Runs a function in a copy of this process (fork without exec), for work that may crash: a library that reads a file
// of a stranger. A crash ends the copy only.

#include <chrono>
#include <functional>
#include <string>

namespace halftone {

/// How the copy ended.
struct CopyResult {
    bool has_answered = false;  ///< the function returned; else it crashed, was ended, or left with an exception
    int signal = 0;             ///< that ended the copy; 0: none
    bool timed_out = false;     ///< the copy was ended after a time limit
    std::string answer;         ///< what the function returned
};

/// Runs `work` in a copy of this process and waits for its end.
///
/// The copy has one thread, whatever the process has. So `work` must take no lock that another thread may hold (it
/// neither logs nor exchanges messages with other ranks), and must not leave by itself. Memory may be taken: the C
/// library sees to that. What the copy writes to stdout and stderr is dropped, it leaves no core file, and it ends with
/// this thread. Signals to the whole group (Ctrl-C) do not end it, so that they are not taken for a crash. When memory
/// runs out, the system ends the copy rather than this process.
///
/// @param work        returns at most 64 KiB
/// @param cpu_limit   processor time of the copy; this is what ends an endless loop
/// @param time_limit  time by the clock, for a copy that waits for ever
/// @throws IoError when the system makes no copy
[[nodiscard]] CopyResult run_in_copy(const std::function<std::string()>& work, std::chrono::seconds cpu_limit,
                                     std::chrono::seconds time_limit);

}  // namespace halftone
