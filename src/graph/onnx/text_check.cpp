#include "graph/onnx/text_check.hpp"

#include <cstddef>
#include <string_view>

#include "base/error.hpp"

namespace halftone {
namespace {

/// Bytes of the character that starts `rest`; 0 if it is not valid. Source: RFC 3629, section 4 (no overlong forms, no
/// surrogates, nothing above U+10FFFF).
std::size_t character_length(std::string_view rest) {
    // Past the end it is 0, which no rule below accepts as a further byte.
    const auto byte = [&rest](std::size_t i) { return i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0U; };
    const auto is_tail = [&byte](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    const unsigned first = byte(0);
    if (first < 0x80U) return first < 0x20U || first == 0x7FU ? 0 : 1;
    if (first == 0xC2U && byte(1) < 0xA0U) return 0;  // U+0080 to U+009F are control characters
    if (first >= 0xC2U && first <= 0xDFU) return is_tail(1) ? 2 : 0;
    if (first >= 0xE0U && first <= 0xEFU) {
        const bool is_overlong = first == 0xE0U && byte(1) < 0xA0U;
        const bool is_surrogate = first == 0xEDU && byte(1) > 0x9FU;
        return is_tail(1) && is_tail(2) && !is_overlong && !is_surrogate ? 3 : 0;
    }
    if (first >= 0xF0U && first <= 0xF4U) {
        const bool is_overlong = first == 0xF0U && byte(1) < 0x90U;
        const bool is_too_high = first == 0xF4U && byte(1) > 0x8FU;
        return is_tail(1) && is_tail(2) && is_tail(3) && !is_overlong && !is_too_high ? 4 : 0;
    }
    return 0;
}

}  // namespace

const std::string& check_text(const std::string& text, const std::string& owner) {
    // Control characters would reach terminals and break lines of the journal, so they count as not printable.
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t length = character_length(rest);
        if (length == 0) throw ModelError(owner + " is not printable UTF-8 text");
        rest.remove_prefix(length);
    }
    return text;
}

}  // namespace halftone
