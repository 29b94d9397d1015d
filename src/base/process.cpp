#include "base/process.hpp"

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/error.hpp"

namespace halftone {

std::optional<std::string> environment(const char* name) {
    // Nobody in this program sets variables, so reading them from several threads is safe.
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    if (value == nullptr) return std::nullopt;
    return std::string(value);
}

// A dumb terminal cannot clear a line, so it gets what a file gets.
bool is_stderr_a_terminal() { return ::isatty(STDERR_FILENO) != 0 && environment("TERM") != "dumb"; }

int stderr_columns() {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col
                                                          : 0;  // NOLINT(*-vararg): the system's interface
}

std::string host_name() {
    std::array<char, 256> name{};
    // One byte less than there is: a longer name is cut without a zero at its end.
    if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown host";
    return name.data();
}

std::string working_directory() {
    std::error_code error;
    std::string folder = std::filesystem::current_path(error).string();
    if (error) throw IoError("cannot find the working directory: " + error.message());
    return folder;
}

double peak_memory_mb() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024.0;  // Linux counts KiB
}

}  // namespace halftone
