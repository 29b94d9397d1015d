#pragma once
// Structure-aware mutators: each makes one to four random changes that keep the form of a format, so that inputs get
// past its parser and reach what lies behind. A function of the bytes and of `rng` only. Each returns false if the
// bytes are not of the format.

#include <span>
#include <string>
#include <string_view>

#include "base/rng.hpp"

namespace halftone::fuzz {

/// An ONNX model: changes fields, dimensions, attributes, names, operators and types of the parsed message.
bool mutate_onnx(std::string& bytes, Rng& rng);

/// A YAML text: removes, repeats, swaps and indents lines, and puts words in the place of keys and values.
/// @param words  keys and values that the reader knows
bool mutate_yaml(std::string& bytes, Rng& rng, std::span<const std::string_view> words);

/// Lines of JSON objects: changes numbers, words and whole lines, and mends the checksum at the end of each line.
bool mutate_journal(std::string& bytes, Rng& rng);

/// Changes a text without a form: numbers, brackets and other characters that parsers are sensitive to.
bool mutate_text(std::string& bytes, Rng& rng);

/// Changes bytes of any format: bits, bytes, integers of 1 to 8 bytes, pieces that are removed or repeated.
bool mutate_bytes(std::string& bytes, Rng& rng);

/// Returns one of the numbers at which programs break: around 0, powers of two, the ends of integer types.
[[nodiscard]] std::string odd_number(Rng& rng);

}  // namespace halftone::fuzz
