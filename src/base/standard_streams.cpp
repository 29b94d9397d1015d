#include "base/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "base/error.hpp"

namespace halftone {

void open_missing_streams() {
    // In this order: open gives the lowest number that is free.
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(stream, F_GETFD) != -1 || errno != EBADF) continue;
        // Results for nobody are an error, so that stdout's place is taken by something that cannot be written to.
        (void)::open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY);
    }
}

void finish_stdout() {
    errno = 0;
    const bool is_flushed = std::fflush(stdout) == 0;
    if (is_flushed && std::ferror(stdout) == 0) return;
    // An earlier write may have failed, whose reason is no longer known.
    const std::string why = errno == 0 ? "a write failed" : std::generic_category().message(errno);
    throw IoError("cannot write the output (stdout): " + why);
}

void write_message(const std::string& line) noexcept {
    std::fwrite(line.data(), 1, line.size(), stderr);
    std::fputc('\n', stderr);
}

}  // namespace halftone
