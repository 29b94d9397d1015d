#include "import/mxnet/attributes.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace halftone {
namespace {

constexpr std::size_t kMostTupleNumbers =
    64;  // of a tuple; MXNet's arrays have at most 32 dimensions, Pad two numbers each

}  // namespace

std::optional<std::string_view> MxnetAttributes::text(const std::string& key) const {
    const auto found = node_.attributes.find(key);
    if (found == node_.attributes.end()) return std::nullopt;
    const std::string_view value = trim(found->second);
    // MXNet writes Python's None for a value that was not given, so it means the default.
    return value == "None" ? std::nullopt : std::optional(value);
}

void MxnetAttributes::fail(const std::string& key, const char* expected) const {
    throw ModelError(fmt::format("{} node '{}': the attribute '{}' is '{:.80}'; expected {}", node_.op, node_.name, key,
                                 node_.attributes.at(key), expected));
}

std::string MxnetAttributes::word(const std::string& key, const std::string& fallback) const {
    return std::string(text(key).value_or(fallback));
}

bool MxnetAttributes::flag(const std::string& key, bool fallback) const {
    const auto value = text(key);
    if (!value) return fallback;
    if (*value == "True" || *value == "true" || *value == "1") return true;
    if (*value == "False" || *value == "false" || *value == "0") return false;
    fail(key, "True or False");
}

std::int64_t MxnetAttributes::integer(const std::string& key, std::int64_t fallback) const {
    const auto value = text(key);
    if (!value) return fallback;
    const auto number = parse_int(*value);
    if (!number) fail(key, "an integer");
    return *number;
}

float MxnetAttributes::number(const std::string& key, float fallback) const {
    const auto value = text(key);
    if (!value) return fallback;
    const auto number = parse_double(*value);
    if (!number) fail(key, "a number");
    return static_cast<float>(*number);
}

std::vector<std::optional<std::int64_t>> MxnetAttributes::optional_integers(const std::string& key) const {
    const auto value = text(key);
    if (!value) return {};
    std::string_view inner = *value;
    const bool is_list =
        (inner.starts_with('(') && inner.ends_with(')')) || (inner.starts_with('[') && inner.ends_with(']'));
    if (is_list && inner.size() >= 2) inner = trim(inner.substr(1, inner.size() - 2));
    if (inner.ends_with(',')) inner.remove_suffix(1);  // "(3,)" is Python's tuple of one
    std::vector<std::optional<std::int64_t>> numbers;
    if (inner.empty()) return numbers;
    for (std::string part : split(inner, ',')) {
        // Python 2 wrote long integers as 3L.
        if (part.ends_with('L')) part.pop_back();
        const auto number = parse_int(part);
        if (!number && part != "None") fail(key, "a list of integers such as (3, 3)");
        numbers.push_back(number);
        if (numbers.size() > kMostTupleNumbers) fail(key, "at most 64 numbers");
    }
    return numbers;
}

std::vector<std::int64_t> MxnetAttributes::integers(const std::string& key) const {
    std::vector<std::int64_t> numbers;
    for (const auto& number : optional_integers(key)) {
        if (!number) fail(key, "a list of integers such as (3, 3)");
        numbers.push_back(*number);
    }
    return numbers;
}

}  // namespace halftone
