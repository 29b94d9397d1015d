#pragma once
// The regular expressions by which a config names units. RE2 does the matching (only this file's .cpp includes it):
// for any pattern, its time is linear in the name, and it has no recursion, so a long name cannot overflow the
// stack.

#include <memory>
#include <string>
#include <string_view>

namespace halftone {

/// A rule's key that begins with this is a regular expression behind it.
inline constexpr std::string_view kRegexPrefix = "re:";
/// The longest key of a rule, in bytes. Names of a model are not longer either.
inline constexpr std::size_t kMostKeyBytes = 4096;

class NameRegex {
public:
    /// Compiles RE2's syntax, which is that of Perl and Python without look-ahead, look-behind and back-references.
    /// Names are bytes: a '.' is one byte, as '?' is in a glob. The constructor does not throw; ask error().
    explicit NameRegex(std::string_view pattern);
    NameRegex(NameRegex&&) noexcept;
    NameRegex& operator=(NameRegex&&) noexcept;
    ~NameRegex();

    /// Returns why the pattern cannot be used, as the end of a message; empty if it can.
    [[nodiscard]] const std::string& error() const { return error_; }
    /// Returns whether the whole name matches. @pre error() is empty
    [[nodiscard]] bool matches(std::string_view name) const;

private:
    struct State;
    std::unique_ptr<State> state_;
    std::string error_;
};

/// Returns the key as messages show it: its beginning, if it is longer than a line of a terminal.
[[nodiscard]] std::string shown_key(std::string_view key);

/// Returns why `key` cannot be the key of a rule about names of units: it is longer than kMostKeyBytes, or it is a
/// regular expression that cannot be used. Empty if it can. A glob is never wrong.
[[nodiscard]] std::string rule_key_error(std::string_view key);

}  // namespace halftone
