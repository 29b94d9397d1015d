// Two sorted tables of runs, made from Python's unicodedata by tests/golden/metric/make_unicode_table.py, because the
// metrics are defined by programs in Python.
#include "metric/unicode.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>

namespace halftone {
namespace {

struct ClassRun {
    char32_t first, last;
    char name;  ///< first letter of the category
};
constexpr ClassRun kClassRuns[] = {
#include "metric/unicode_classes.inc"
};

/// Every `step`-th character from `first` to `last` has its lower case at `difference`.
struct CaseRun {
    char32_t first, last, step;
    std::int32_t difference;
};
constexpr CaseRun kCaseRuns[] = {
#include "metric/unicode_cases.inc"
};

constexpr char32_t kNoCharacter = 0xfffd;
constexpr char32_t kMostUnicode = 0x10ffff;

/// The run that holds the character, or null.
template <class Run, std::size_t N>
const Run* find_run(const Run (&runs)[N], char32_t character) {
    const Run* after = std::upper_bound(std::begin(runs), std::end(runs), character,
                                        [](char32_t wanted, const Run& run) { return wanted < run.first; });
    if (after == std::begin(runs)) return nullptr;
    const Run* run = after - 1;
    return character <= run->last ? run : nullptr;
}

/// How many bytes a character has that begins with this one; 0 if none does.
std::size_t utf8_length(unsigned char first) {
    if (first < 0x80) return 1;
    if (first < 0xc2) return 0;
    if (first < 0xe0) return 2;
    if (first < 0xf0) return 3;
    return first < 0xf5 ? 4 : 0;
}

/// The character at the beginning of `text`, of `length` bytes; nothing if they are damaged.
std::optional<char32_t> utf8_character(std::string_view text, std::size_t length) {
    if (length == 1) return static_cast<unsigned char>(text[0]);
    if (length == 0 || text.size() < length) return std::nullopt;
    // The first byte's low bits, then six bits of each byte behind it.
    char32_t character = static_cast<unsigned char>(text[0]) & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xc0U) != 0x80) return std::nullopt;
        character = (character << 6U) | (byte & 0x3fU);
    }
    // A character has one spelling: the shortest. Halves of UTF-16 pairs are no characters.
    const bool is_too_long = (length == 3 && character < 0x800) || (length == 4 && character < 0x10000);
    const bool is_surrogate = character >= 0xd800 && character < 0xe000;
    if (is_too_long || is_surrogate || character > kMostUnicode) return std::nullopt;
    return character;
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
    // Never refused: a data set may hold any bytes, and an answer with damage is simply another answer.
    std::u32string characters;
    while (!text.empty()) {
        const std::size_t length = utf8_length(static_cast<unsigned char>(text[0]));
        const auto character = utf8_character(text, length);
        characters.push_back(character.value_or(kNoCharacter));
        // Behind damage one byte is skipped: the next one may begin a character.
        text.remove_prefix(character ? length : 1);
    }
    return characters;
}

std::string encode_utf8(std::u32string_view text) {
    std::string bytes;
    for (const char32_t character : text) {
        if (character < 0x80) {
            bytes += static_cast<char>(character);
            continue;
        }
        // The first byte has as many ones in front as there are bytes; the others begin with 10.
        const std::size_t length = character < 0x800 ? 2 : (character < 0x10000 ? 3 : 4);
        const auto mark = static_cast<char32_t>(0xff00U >> length) & 0xffU;
        bytes += static_cast<char>(mark | (character >> (6 * (length - 1))));
        for (std::size_t i = length - 1; i-- > 0;) {
            bytes += static_cast<char>(0x80U | ((character >> (6 * i)) & 0x3fU));
        }
    }
    return bytes;
}

CharacterClass class_of(char32_t character) {
    const ClassRun* run = find_run(kClassRuns, character);
    switch (run == nullptr ? '-' : run->name) {
        case 'L':
            return CharacterClass::letter;
        case 'N':
            return CharacterClass::number;
        case 'P':
            return CharacterClass::punctuation;
        case 'S':
            return CharacterClass::symbol;
        default:
            return CharacterClass::other;
    }
}

bool is_space(char32_t character) {
    // Python's list (str.isspace): the controls that separate, and Unicode's blanks.
    return (character >= 0x09 && character <= 0x0d) || (character >= 0x1c && character <= 0x20) || character == 0x85 ||
           character == 0xa0 || character == 0x1680 || (character >= 0x2000 && character <= 0x200a) ||
           character == 0x2028 || character == 0x2029 || character == 0x202f || character == 0x205f ||
           character == 0x3000;
}

bool is_word_character(char32_t character) {
    const CharacterClass found = class_of(character);
    return character == U'_' || found == CharacterClass::letter || found == CharacterClass::number;
}

char32_t to_lower(char32_t character) {
    const CaseRun* run = find_run(kCaseRuns, character);
    if (run == nullptr || (character - run->first) % run->step != 0) return character;
    return static_cast<char32_t>(static_cast<std::int32_t>(character) + run->difference);
}

std::u32string to_lower(std::u32string_view text) {
    // Character by character: Python also turns a sigma at the end of a word into another letter, which is not done
    // here.
    std::u32string lower(text);
    for (char32_t& character : lower) character = to_lower(character);
    return lower;
}

std::vector<std::string> split_words(std::u32string_view text) {
    std::vector<std::string> words;
    for (std::size_t first = 0; first < text.size();) {
        std::size_t last = first;
        while (last < text.size() && !is_space(text[last])) ++last;
        if (last > first) words.push_back(encode_utf8(text.substr(first, last - first)));
        first = last + 1;
    }
    return words;
}

}  // namespace halftone
