#pragma once
// Which of oneDNN's implementations builds a primitive: its own first choice, or the one that the request names.

#include <algorithm>
#include <string>
#include <vector>

#include "kernel/dnnl/common_engine.hpp"
#include "kernel/op.hpp"

namespace halftone::onednn {

/// The descriptor at the implementation called `wanted`; as it is where that is empty or there is none so called.
template <class Descriptor>
[[nodiscard]] Descriptor chosen(Descriptor descriptor, const std::string& wanted) {
    if (wanted.empty()) return descriptor;
    Descriptor other = descriptor;
    do {
        if (other.impl_info_str() == wanted) return other;
    } while (other.next_impl());
    return descriptor;
}

/// Names of all implementations, oneDNN's first choice first; plain loops (ref) are no choice.
template <class Descriptor>
[[nodiscard]] std::vector<std::string> names_of(Descriptor descriptor) {
    std::vector<std::string> names;
    do {
        std::string name = descriptor.impl_info_str();
        const bool is_plain = name.find("ref") != std::string::npos;
        if (names.empty() || (!is_plain && std::find(names.begin(), names.end(), name) == names.end())) {
            names.push_back(std::move(name));
        }
    } while (descriptor.next_impl());
    return names;
}

}  // namespace halftone::onednn
