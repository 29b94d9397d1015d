#include "base/output_file.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "base/error.hpp"
#include "base/path.hpp"

namespace halftone {
namespace {

/// Two paths of one file: through links and "..", and by hard links. Paths that cannot be looked at are different.
bool is_same_file(const std::string& a, const std::string& b) {
    std::error_code error;
    return std::filesystem::equivalent(a, b, error) && !error;
}

/// /dev/stdout is a link, which a file would replace even where it leads to one.
bool is_systems_own(const std::string& path) {
    std::error_code error;
    const std::string folder = std::filesystem::weakly_canonical(parent_path(path), error).string();
    return folder == "/dev" || folder == "/dev/fd" || folder.starts_with("/proc/");
}

}  // namespace

void check_output_file(const std::string& option, const std::string& path, const std::vector<std::string>& inputs) {
    if (path.empty()) throw ConfigError(option + ": the path is empty");
    for (const std::string& input : inputs) {
        if (is_same_file(path, input)) {
            throw ConfigError(
                fmt::format("{}: '{}' is read by this command and would be lost; choose another path", option, path));
        }
    }
    std::error_code error;
    const auto kind = std::filesystem::status(path, error).type();
    if (kind == std::filesystem::file_type::directory)
        throw IoError(fmt::format("{}: '{}' is a folder; give the path of a file", option, path));
    const bool is_device = std::filesystem::exists(path, error) && kind != std::filesystem::file_type::regular;
    if (is_device || is_systems_own(path)) throw IoError(fmt::format("{}: '{}' is not a regular file", option, path));
    const std::string folder = parent_path(path);
    if (!folder.empty() && !std::filesystem::is_directory(folder, error))
        throw IoError(fmt::format("{}: '{}': there is no folder '{}'", option, path, folder));
}

}  // namespace halftone
