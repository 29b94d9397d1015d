#include "init/config_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.hpp"

namespace halftone {
namespace {

// Comments are wrapped here, so that the config fits into an ordinary terminal window.
constexpr std::size_t kMostColumns = 110;

/// Words that YAML 1.1 or 1.2 readers take for something else than text.
bool is_yaml_word(std::string_view text) {
    static constexpr std::array<std::string_view, 9> kWords{"true", "false", "yes", "no", "on",
                                                            "off",  "null",  "y",   "n"};
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

/// Two blanks a level, as --print-config writes it.
std::string indentation(int level) { return std::string(2 * static_cast<std::size_t>(level), ' '); }

}  // namespace

std::string yaml_text(std::string_view text) {
    const auto is_plain = [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '/' || c == '-';
    };
    // A letter, a slash or "./" first: no number, no list, no document mark begins so.
    const bool starts_plain = !text.empty() && (std::isalpha(static_cast<unsigned char>(text[0])) != 0 ||
                                                text[0] == '/' || text.starts_with("./") || text.starts_with("../"));
    if (starts_plain && std::all_of(text.begin(), text.end(), is_plain) && !is_yaml_word(text))
        return std::string(text);
    // Double quotes know escapes, so every text has a form in them.
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        if (c == '\n')
            quoted += "\\n";
        else if (static_cast<unsigned char>(c) < 0x20)
            quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        else
            quoted += c;
    }
    return quoted + "\"";
}

void ConfigLines::add(int level, std::string_view key, std::string_view value) {
    lines_.push_back(fmt::format("{}{}:{}{}", indentation(level), key, value.empty() ? "" : " ", value));
}

// A name from a file may hold anything, a line feed too; in a comment it must not begin a line of YAML.
void ConfigLines::comment(int level, std::string_view text) {
    const std::string begin = indentation(level) + "#";
    std::string line = begin;
    for (std::string word : split(text, ' ')) {
        std::replace_if(
            word.begin(), word.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
        if (line.size() + 1 + word.size() > kMostColumns && line != begin) {
            lines_.push_back(line);
            line = begin;
        }
        line += " " + word;
    }
    lines_.push_back(line);
}

void ConfigLines::block(int level, const std::vector<std::string>& lines) {
    for (const std::string& line : lines) lines_.push_back(indentation(level) + line);
}

void ConfigLines::blank() { lines_.emplace_back(); }

std::string ConfigLines::text() const { return join(lines_, "\n") + "\n"; }

}  // namespace halftone
