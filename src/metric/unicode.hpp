#pragma once
// Texts as metrics compare them: characters, their classes, lower case. Bytes that are no UTF-8 count as U+FFFD.

#include <string>
#include <string_view>
#include <vector>

namespace halftone {

/// What a character is: the first letter of Unicode's general category.
enum class CharacterClass { other, letter, number, punctuation, symbol };

/// Returns the characters of a UTF-8 text.
[[nodiscard]] std::u32string decode_utf8(std::string_view text);
[[nodiscard]] std::string encode_utf8(std::u32string_view text);

[[nodiscard]] CharacterClass class_of(char32_t character);
/// Returns whether Python's str.split() separates words here.
[[nodiscard]] bool is_space(char32_t character);
/// Returns whether it is part of a word in regular expressions (\w): a letter, a number or an underscore.
[[nodiscard]] bool is_word_character(char32_t character);
/// Returns the lower case where that is one character; the few others stay as they are.
[[nodiscard]] char32_t to_lower(char32_t character);
[[nodiscard]] std::u32string to_lower(std::u32string_view text);

/// Returns the words between white space.
[[nodiscard]] std::vector<std::string> split_words(std::u32string_view text);

}  // namespace halftone
