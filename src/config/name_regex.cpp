#include "config/name_regex.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

namespace halftone {
namespace {

re2::StringPiece piece_of(std::string_view text) { return {text.data(), text.size()}; }

re2::RE2::Options regex_options() {
    re2::RE2::Options options;
    options.set_log_errors(false);                            // messages are ours
    options.set_encoding(re2::RE2::Options::EncodingLatin1);  // one byte, one character: names need not be UTF-8 here
    options.set_max_mem(std::int64_t{8} << 20U);  // of the compiled pattern and of the states met in matching
    return options;
}

/// Returns the first back-reference of the pattern ("\\1"); empty if there is none. RE2 would take "\\10" for the byte
/// with the octal number 10, and the rule would silently match other names than the user meant.
std::string_view back_reference(std::string_view pattern) {
    for (std::size_t i = 0; i + 1 < pattern.size(); ++i) {
        if (pattern[i] != '\\') continue;
        if (pattern[i + 1] >= '1' && pattern[i + 1] <= '9') return pattern.substr(i, 2);
        ++i;  // what stands behind a backslash is no backslash of its own
    }
    return {};
}

/// RE2's message for an operator that it leaves out on purpose sounds like a typing error.
std::string reason(const re2::RE2& regex) {
    const std::string& part = regex.error_arg();
    if (part.starts_with("(?<") || regex.error_code() == re2::RE2::ErrorBadPerlOp) {
        return fmt::format("'{}' is not supported; there are no look-ahead, look-behind and back-references", part);
    }
    return regex.error();
}

}  // namespace

struct NameRegex::State {
    explicit State(std::string_view pattern) : regex(piece_of(pattern), regex_options()) {}
    re2::RE2 regex;
};

NameRegex::NameRegex(std::string_view pattern) : state_(std::make_unique<State>(pattern)) {
    const std::string_view reference = back_reference(pattern);
    if (!reference.empty()) error_ = fmt::format("the back-reference '{}' is not supported", reference);
    if (error_.empty() && !state_->regex.ok()) error_ = reason(state_->regex);
}

NameRegex::NameRegex(NameRegex&&) noexcept = default;
NameRegex& NameRegex::operator=(NameRegex&&) noexcept = default;
NameRegex::~NameRegex() = default;

bool NameRegex::matches(std::string_view name) const { return re2::RE2::FullMatch(piece_of(name), state_->regex); }

std::string shown_key(std::string_view key) {
    constexpr std::size_t kMostShown = 1000;
    return key.size() <= kMostShown ? std::string(key) : std::string(key.substr(0, kMostShown)) + "…";
}

std::string rule_key_error(std::string_view key) {
    if (key.size() > kMostKeyBytes) {
        return fmt::format("has {} bytes; a name or pattern may have {}", key.size(), kMostKeyBytes);
    }
    if (!key.starts_with(kRegexPrefix)) return "";
    const std::string error = NameRegex(key.substr(kRegexPrefix.size())).error();
    return error.empty() ? "" : "is not a valid regex: " + error;
}

}  // namespace halftone
