#pragma once
// A copy of this process that runs a function on one input after another, for a library that crashes by itself on some
// of them: a new copy for each input would take longer than reading it.

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <string_view>

namespace halftone::fuzz {

/// A program has at most one.
class ServingCopy {
public:
    /// @param work     runs in the copy
    /// @param function  the name of any function of the library, which is a shared one
    ServingCopy(void (*work)(std::string_view bytes), const char* function);
    ~ServingCopy();
    ServingCopy(const ServingCopy&) = delete;
    ServingCopy& operator=(const ServingCopy&) = delete;

    /// Runs the function on an input in the copy. Returns false if the library ended the copy: it crashed, a sanitizer
    /// found a fault in what it did, or it took more than 0.06 s of processor time. The next call makes a new copy. If
    /// something else ended the copy, the function runs here, too, so that the fault is reported as that of any other
    /// target.
    [[nodiscard]] bool survives(std::string_view bytes);

private:
    void start();
    /// Waits for the end of the copy. Returns its status, as waitpid gives it.
    int end();
    [[noreturn]] void serve(int requests, int answers) const;

    void (*work_)(std::string_view bytes);
    std::byte* shared_ = nullptr;  ///< the input
    pid_t copy_ = -1;
    std::array<int, 2> to_copy_{-1, -1}, from_copy_{-1, -1};  ///< pipes
    std::size_t served_ = 0;
};

}  // namespace halftone::fuzz
