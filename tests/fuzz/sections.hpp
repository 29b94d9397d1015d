#pragma once
// An input that stands for several files: each begins with a line "=== NAME". What stands before the first such line is
// the file with the first name.

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

namespace halftone::fuzz {

/// Returns the bytes by file name.
inline std::map<std::string, std::string> sections_of(std::string_view bytes, const std::string& first) {
    constexpr std::string_view kMark = "\n=== ";
    std::map<std::string, std::string> sections;
    std::string name = first;
    for (;;) {
        const std::size_t end = std::min(bytes.find(kMark), bytes.size());
        sections[name] = std::string(bytes.substr(0, end));
        if (end == bytes.size()) return sections;
        bytes.remove_prefix(end + kMark.size());
        const std::size_t line = std::min(bytes.find('\n'), bytes.size());
        name = std::string(bytes.substr(0, line));
        bytes.remove_prefix(std::min(line + 1, bytes.size()));
    }
}

}  // namespace halftone::fuzz
