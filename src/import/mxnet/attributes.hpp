#pragma once
// Attributes of an MXNet node, which symbol.json holds as Python texts: "(3, 3)", "True", "None", "1e-05".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "import/mxnet/symbol.hpp"

namespace halftone {

/// Reads attributes of one node. An attribute that the file leaves out has the fallback that its operator's
/// documentation names; so has an attribute that is "None". A text of another kind is a ModelError that names the node.
class MxnetAttributes {
public:
    /// Refers to the node, which must live longer.
    explicit MxnetAttributes(const MxnetNode& node) : node_(node) {}

    [[nodiscard]] std::string word(const std::string& key, const std::string& fallback) const;
    [[nodiscard]] bool flag(const std::string& key, bool fallback) const;
    [[nodiscard]] std::int64_t integer(const std::string& key, std::int64_t fallback) const;
    [[nodiscard]] float number(const std::string& key, float fallback) const;
    /// Returns the numbers of a tuple; a single number is a tuple of one. "()" is an empty list, as is a missing key.
    [[nodiscard]] std::vector<std::int64_t> integers(const std::string& key) const;
    /// The same, where an element may be None: slice(begin=(None, 2)).
    [[nodiscard]] std::vector<std::optional<std::int64_t>> optional_integers(const std::string& key) const;
    /// Returns whether the file has the attribute and it is not "None".
    [[nodiscard]] bool has(const std::string& key) const { return text(key).has_value(); }

private:
    [[nodiscard]] std::optional<std::string_view> text(const std::string& key) const;
    [[noreturn]] void fail(const std::string& key, const char* expected) const;

    const MxnetNode& node_;
};

}  // namespace halftone
