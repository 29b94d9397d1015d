#include "base/path.hpp"

#include <filesystem>

namespace halftone {

// std::filesystem::path is used as a parser of texts only. It knows the cases that a search for '/' gets wrong: "/",
// "a/", "a//b".
std::string parent_path(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

std::string path_stem(const std::string& path) { return std::filesystem::path(path).stem().string(); }

bool is_absolute_path(const std::string& path) { return std::filesystem::path(path).is_absolute(); }

std::string plain_path(const std::string& path) {
    std::filesystem::path plain = std::filesystem::path(path).lexically_normal();
    if (!plain.has_filename() && plain.has_parent_path()) plain = plain.parent_path();  // "a/" ends in an empty name
    return plain.string();
}

std::string joined_path(const std::string& folder, const std::string& path) {
    return (std::filesystem::path(folder) / path).string();
}

}  // namespace halftone
