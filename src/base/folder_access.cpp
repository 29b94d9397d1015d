#include "base/folder_access.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/error.hpp"

namespace halftone {

void check_writable(const std::string& folder) {
    std::error_code error;
    std::filesystem::path nearest = std::filesystem::absolute(folder, error);
    while (!error && !std::filesystem::exists(nearest, error) && nearest.has_relative_path())
        nearest = nearest.parent_path();
    if (error) throw IoError(fmt::format("cannot look at {}: {}", folder, error.message()));
    if (!std::filesystem::is_directory(nearest, error))
        throw IoError(fmt::format("cannot make {}: {} is not a folder", folder, nearest.string()));
    // The system's own answer: rights, owners, and file systems that are mounted read-only all count.
    if (::access(nearest.c_str(), W_OK | X_OK) != 0)
        throw IoError(fmt::format("cannot write to {}: {}", nearest.string(), std::generic_category().message(errno)));
}

}  // namespace halftone
