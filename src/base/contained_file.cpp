#include "base/contained_file.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "base/error.hpp"

namespace halftone {

std::string contained_file(const std::string& folder, const std::string& location) {
    const std::filesystem::path relative(location);
    if (location.empty()) throw IoError("names no location");
    if (location.find('\0') != std::string::npos) throw IoError("has a location with a NUL");
    if (relative.is_absolute()) throw IoError(fmt::format("is at the absolute path '{}'", location));
    // Refused before any link is looked at: "a/../../x" must not depend on what "a" is.
    for (const std::filesystem::path& part : relative) {
        if (part == "..") throw IoError(fmt::format("is at '{}', outside the model's folder", location));
    }
    // Links are followed before the comparison, else a link inside the folder could lead anywhere.
    std::error_code error;
    const std::filesystem::path base = std::filesystem::canonical(folder.empty() ? "." : folder, error);
    const std::filesystem::path file = std::filesystem::canonical(base / relative, error);
    if (error) throw IoError(fmt::format("is at '{}': {}", location, error.message()));
    // A path that is relative to the folder and begins with ".." lies outside of it.
    const std::filesystem::path inside = file.lexically_relative(base);
    if (inside.empty() || *inside.begin() == "..") {
        throw IoError(fmt::format("is at '{}', a link that leads out of the model's folder", location));
    }
    if (!std::filesystem::is_regular_file(file, error)) {
        throw IoError(fmt::format("is at '{}', which is no regular file", location));
    }
    return file.string();
}

}  // namespace halftone
