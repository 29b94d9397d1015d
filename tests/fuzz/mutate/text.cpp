// Mutators of texts.
//
//   odd_number       numbers at the ends of types
//   mutate_text      one character or one number at a time
//   mutate_yaml      line by line: change_line picks one of the changes
//   mutate_journal   a JSON object on each line: change_json, then with_checksum makes the line whole again
//
// All positions are drawn anew for each change, so every function works on the text as it is after the last one.
#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <vector>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "fuzz/mutate/mutate.hpp"

namespace halftone::fuzz {
namespace {

constexpr std::array<std::string_view, 24> kOddNumbers{"0",
                                                       "-1",
                                                       "1",
                                                       "2",
                                                       "127",
                                                       "128",
                                                       "255",
                                                       "256",
                                                       "-128",
                                                       "32768",
                                                       "65536",
                                                       "2147483647",
                                                       "-2147483648",
                                                       "4294967295",
                                                       "4294967296",
                                                       "9223372036854775807",
                                                       "-9223372036854775808",
                                                       "18446744073709551616",
                                                       "1e308",
                                                       "1e-320",
                                                       "nan",
                                                       ".inf",
                                                       "-.inf",
                                                       "0.1"};
constexpr std::string_view kOddCharacters = "[]{}()*?!^$.|\\\"':,&#-+=/\n\t \x7f\x80\xff\0aZ09";

template <class Container>
std::size_t any_position(const Container& container, Rng& rng) {
    return static_cast<std::size_t>(rng.below(container.size() + 1));
}

/// The number (first, length) at or behind a random position; length 0 if there is none.
std::pair<std::size_t, std::size_t> any_number(const std::string& text, Rng& rng) {
    const auto is_part = [](char c) {
        return std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-';
    };
    std::size_t first = any_position(text, rng);
    while (first < text.size() && !is_part(text[first])) ++first;
    std::size_t end = first;
    while (end < text.size() && is_part(text[end])) ++end;
    return {first, end - first};
}

/// The lines as they are: split() of base/text.hpp would trim away the indentation.
std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        lines.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return lines;
}

/// Moves, repeats or removes a block of up to four lines.
void change_lines(std::vector<std::string>& lines, Rng& rng) {
    const auto at = static_cast<std::ptrdiff_t>(rng.below(lines.size()));
    const auto count = std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(1 + rng.below(4)),
                                                static_cast<std::ptrdiff_t>(lines.size()) - at);
    const std::vector<std::string> block(lines.begin() + at, lines.begin() + at + count);
    if (rng.below(3) != 0) lines.erase(lines.begin() + at, lines.begin() + at + count);
    if (rng.below(2) == 0) {
        const auto to = static_cast<std::ptrdiff_t>(any_position(lines, rng));
        lines.insert(lines.begin() + to, block.begin(), block.end());
    }
    if (lines.empty()) lines.emplace_back();
}

std::string any_word(std::span<const std::string_view> words, Rng& rng) {
    return rng.below(4) == 0 ? odd_number(rng) : std::string(words[rng.below(words.size())]);
}

/// Changes the line of a YAML text: its indentation, its key, its value, or what holds them.
void change_yaml_line(std::string& line, Rng& rng, std::span<const std::string_view> words) {
    const std::size_t text = std::min(line.find_first_not_of(' '), line.size());
    const std::size_t colon = std::min(line.find(':'), line.size());
    switch (rng.below(8)) {
        case 0:
            line.insert(0, 2, ' ');
            return;
        case 1:
            line.erase(0, std::min<std::size_t>(text, 2));
            return;
        case 2:  // the key
            line = line.substr(0, text) + any_word(words, rng) + line.substr(colon);
            return;
        case 3:  // the value
            line = line.substr(0, colon) + ": " + any_word(words, rng);
            return;
        case 4:
            line.insert(text, "- ");
            return;
        case 5:  // nested in a flow list or map
            line = line.substr(0, colon) + (rng.below(2) == 0 ? ": [" : ": {") + any_word(words, rng) + ": " +
                   any_word(words, rng) + (rng.below(2) == 0 ? "]" : "}");
            return;
        case 6:
            line += rng.below(2) == 0 ? " &a" : " *a";
            return;
        default:
            (void)mutate_text(line, rng);
    }
}

/// The line with the checksum that belongs to the text before it.
std::string with_checksum(const std::string& line) {
    const std::size_t end = line.rfind(",\"crc\":");
    if (end == std::string::npos) return line;
    std::string digits(8, '0');
    std::uint32_t crc = crc32c(std::string_view(line).substr(0, end));
    for (std::size_t i = 8; i-- > 0; crc >>= 4) digits[i] = "0123456789abcdef"[crc & 15];
    return line.substr(0, end) + ",\"crc\":\"" + digits + "\"}";
}

/// Changes a number, a character, or takes over a part of another line.
void change_json(std::string& line, const std::string& other, Rng& rng) {
    const std::size_t end = std::min(line.rfind(",\"crc\":"), line.size());
    std::string body = line.substr(0, end);
    if (rng.below(4) == 0 && !other.empty()) {
        const std::size_t from = other.find(",\"", rng.below(other.size()));
        const std::size_t to = body.find(",\"", rng.below(body.size() + 1));
        if (from != std::string::npos && to != std::string::npos) {
            const std::size_t stop = std::min(other.find(",\"", from + 1), other.size());
            body.insert(to, other.substr(from, stop - from));
        }
    } else {
        (void)mutate_text(body, rng);
    }
    line = body + line.substr(end);
}

}  // namespace

std::string odd_number(Rng& rng) {
    if (rng.below(3) == 0) return std::to_string(static_cast<std::int64_t>(rng.next() >> rng.below(64)));
    return std::string(kOddNumbers[rng.below(kOddNumbers.size())]);
}

bool mutate_text(std::string& bytes, Rng& rng) {
    const std::size_t at = any_position(bytes, rng);
    switch (rng.below(5)) {
        case 0:
            bytes.insert(at, 1, kOddCharacters[rng.below(kOddCharacters.size())]);
            return true;
        case 1:
            bytes.erase(at, 1 + rng.below(8));
            return true;
        case 2:
            bytes.insert(at, bytes.substr(any_position(bytes, rng), 1 + rng.below(32)));
            return true;
        case 3:
            if (at < bytes.size()) bytes[at] = static_cast<char>(rng.next());
            return true;
        default: {
            const auto [first, length] = any_number(bytes, rng);
            bytes.replace(first, length, odd_number(rng));
            return true;
        }
    }
}

bool mutate_yaml(std::string& bytes, Rng& rng, std::span<const std::string_view> words) {
    std::vector<std::string> lines = lines_of(bytes);
    for (std::uint64_t changes = 1 + rng.below(4); changes > 0; --changes) {
        if (lines.empty()) lines.emplace_back();
        if (rng.below(3) == 0) {
            change_lines(lines, rng);
        } else {
            change_yaml_line(lines[rng.below(lines.size())], rng, words);
        }
    }
    bytes = join(lines, "\n");
    return true;
}

bool mutate_journal(std::string& bytes, Rng& rng) {
    std::vector<std::string> lines = lines_of(bytes);
    for (std::uint64_t changes = 1 + rng.below(4); changes > 0; --changes) {
        if (lines.empty()) lines.emplace_back();
        if (rng.below(4) == 0) {
            change_lines(lines, rng);
        } else {
            std::string& line = lines[rng.below(lines.size())];
            change_json(line, lines[rng.below(lines.size())], rng);
            line = with_checksum(line);
        }
    }
    bytes = join(lines, "\n");
    return true;
}

}  // namespace halftone::fuzz
