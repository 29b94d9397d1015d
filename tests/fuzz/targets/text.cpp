// Any text as a number, a size, a name: what options and files hold in few characters.
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "fuzz/mutate/mutate.hpp"
#include "fuzz/target.hpp"
#include "metric/unicode.hpp"
#include "study/dump_folder.hpp"

namespace halftone::fuzz {
namespace {

/// Numbers must be read in any spelling that is theirs, and written so that they read back.
void check_numbers(std::string_view text) {
    if (const auto number = parse_double(text); number && *number == *number) {
        expect(parse_double(float_text(*number)).value_or(0) == *number || text.find('n') != std::string_view::npos,
               "a number reads back as another number");
    }
    if (const auto number = parse_int(text)) {
        expect(parse_int(std::to_string(*number)) == number, "an integer reads back as another integer");
    }
    if (const auto number = parse_hex16(text)) expect(hex16(*number) == text, "hex digits read back as others");
}

void run_text(std::string_view text) {
    check_numbers(text);
    try {
        expect(study::parse_bytes(std::string(text)) >= 1, "a number of bytes is below 1");
    } catch (const ConfigError&) {
        // refused, as most texts are
    }
    // Whatever the bytes are, they become characters, and characters have one spelling.
    const std::u32string characters = decode_utf8(text);
    expect(decode_utf8(encode_utf8(characters)) == characters, "characters read back as others");
    (void)split_words(to_lower(characters));
    (void)trim(text);
    const std::vector<std::string> parts = split(text, ',');
    (void)join(parts, ",");
    // The distance of two names takes time in proportion to the product of their lengths, and would be all that the
    // target does if it were computed for longer texts.
    if (text.size() <= 64) (void)nearest_name(text.substr(0, text.size() / 2), parts);
}

}  // namespace

FuzzTarget make_text_target() { return {.run = &run_text, .mutate = &mutate_text}; }

}  // namespace halftone::fuzz
