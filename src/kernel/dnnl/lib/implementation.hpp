#pragma once
// Which of oneDNN's implementations builds a primitive: the one that the request names, or the default.

#include <algorithm>
#include <string>
#include <vector>

#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/ops/request.hpp"

namespace halftone::onednn {

/// The default where oneDNN's first choice is `name`: without AVX-512 its older kernels are faster (README.md).
[[nodiscard]] inline std::string default_for(const std::string& name) {
    if (name == "brgconv_1x1:avx2") return "jit_1x1:avx2";
    return name == "brdgmm_dw:avx2" ? "jit_dw:avx2" : name;
}

/// Returns whether this implementation may not multiply the codes of `request` exactly on a machine that can. oneDNN
/// offers kernels for older instruction sets there, behind those with VNNI; they add two products in 16 bits and
/// saturate. (Some of these words also stand for kernels that use AVX-VNNI where it is; they are left out with the
/// rest.) On machines without VNNI, requests that come here have codes of 6 bits: codes/needs_widening.
[[nodiscard]] inline bool saturates(const std::string& name, const KernelRequest& request) {
    if (!request.is_quantized() || !has_exact_int8()) return false;
    return name.ends_with(":avx512_core") || name.ends_with(":avx2") || name.ends_with(":sse41");
}

/// What `describe` gives, at the implementation that the request names, or where there is none so called, or one that
/// saturates, at the default.
/// Descriptors are made anew where one went past: copies share oneDNN's object, which next_impl() changes.
template <class Describe>
[[nodiscard]] auto chosen(Describe describe, const KernelRequest& request, const std::string& wanted) {
    auto descriptor = describe();
    const std::string first = descriptor.impl_info_str();
    for (const std::string& name : {wanted, default_for(first)}) {
        if (name.empty() || saturates(name, request)) continue;
        if (name == first) return descriptor;
        while (descriptor.next_impl()) {
            if (descriptor.impl_info_str() == name) return descriptor;
        }
        descriptor = describe();
    }
    return descriptor;
}

/// Names of all implementations, the default first; plain loops (ref) are no choice where there is another, and what
/// saturates is none.
/// @pre the descriptor is that of `request` and at oneDNN's first; it is not used again
template <class Descriptor>
[[nodiscard]] std::vector<std::string> names_of(Descriptor descriptor, const KernelRequest& request) {
    std::vector<std::string> names;
    const std::string preferred = default_for(descriptor.impl_info_str());
    do {
        std::string name = descriptor.impl_info_str();
        const bool is_choice = name.find("ref") == std::string::npos && !saturates(name, request);
        if (names.empty() || (is_choice && std::find(names.begin(), names.end(), name) == names.end())) {
            names.push_back(std::move(name));
        }
    } while (descriptor.next_impl());
    if (const auto found = std::find(names.begin(), names.end(), preferred); found != names.end()) {
        std::rotate(names.begin(), found, found + 1);
    }
    return names;
}

}  // namespace halftone::onednn
