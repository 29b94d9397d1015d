#pragma once
// A command line as a list of words, and the table of all commands.

#include <string>
#include <vector>

#include "cli/command_rows.hpp"
#include "cli/parser.hpp"

namespace halftone::cli::test {

/// What `halftone WORDS` asks for.
inline Request request_of(std::vector<std::string> words) {
    words.insert(words.begin(), "/usr/bin/halftone");
    std::vector<const char*> pointers;
    for (const std::string& word : words) pointers.push_back(word.c_str());
    return parse_command_line(static_cast<int>(pointers.size()), pointers.data(), {"1.2.3", "halftone 1.2.3"});
}

/// Every spelling of an option, "-v" and "--verbose"; none for an operand.
inline std::vector<std::string> spellings(const OptionRow& row) {
    std::vector<std::string> names;
    for (std::size_t at = 0; row.name.starts_with("-") && at != std::string::npos;) {
        const std::size_t comma = row.name.find(',', at);
        names.push_back(row.name.substr(at, comma == std::string::npos ? comma : comma - at));
        at = comma == std::string::npos ? comma : comma + 1;
    }
    return names;
}

}  // namespace halftone::cli::test
