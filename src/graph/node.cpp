// Attributes of a node with their types. ONNX has defaults for most attributes, so each question comes with a fallback;
// an attribute that is there but has another type is an error of the file.
#include "graph/node.hpp"

#include "base/error.hpp"

namespace halftone {
namespace {

template <class T>
// A type that differs is an error and no fallback: the file means something that we would silently ignore.
const T* find_attribute(const Node& node, const std::string& name, const char* expected) {
    const auto found = node.attributes.find(name);
    if (found == node.attributes.end()) return nullptr;
    const T* value = std::get_if<T>(&found->second);
    if (value == nullptr) {
        throw ModelError(describe(node) + ": attribute '" + name + "' must be " + expected);
    }
    return value;
}

template <class T>
T attribute_or(const Node& node, const std::string& name, const T& fallback, const char* expected) {
    const T* value = find_attribute<T>(node, name, expected);
    return value == nullptr ? fallback : *value;
}

}  // namespace

std::int64_t int_attribute(const Node& node, const std::string& name, std::int64_t fallback) {
    return attribute_or(node, name, fallback, "an integer");
}

float float_attribute(const Node& node, const std::string& name, float fallback) {
    return attribute_or(node, name, fallback, "a float");
}

std::string string_attribute(const Node& node, const std::string& name, const std::string& fallback) {
    return attribute_or(node, name, fallback, "a string");
}

std::vector<std::int64_t> ints_attribute(const Node& node, const std::string& name,
                                         const std::vector<std::int64_t>& fallback) {
    return attribute_or(node, name, fallback, "a list of integers");
}

std::string describe(const Node& node) {
    if (node.name.empty()) return "an unnamed " + node.op + " node";
    return node.op + " node '" + node.name + "'";
}

}  // namespace halftone
