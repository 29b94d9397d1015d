#include "exec/kernel_choice.hpp"

#include <algorithm>
#include <sstream>

#include "graph/builder.hpp"

namespace halftone {
namespace {

std::string_view to_text(Backend backend) {
    switch (backend) {
        case Backend::native:
            return "native";
        case Backend::dnnl:
            return "dnnl";
        default:
            return "ref";
    }
}

void add_kernels(const KernelRequest& request, Backend backend, std::vector<Kernel>& kernels) {
    const Op* op = find_op(backend, request.node->op);
    if (op == nullptr || !op->supports(request).is_supported) return;
    std::vector<std::string> names = op->implementations(request);
    if (names.empty()) names.emplace_back();
    for (std::string& name : names) kernels.push_back({backend, std::move(name), op});
}

}  // namespace

std::string Kernel::name() const {
    const std::string text(to_text(backend));
    return implementation.empty() ? text : text + "/" + implementation;
}

bool is_kernel_name(std::string_view text) {
    constexpr std::string_view kNamed = "dnnl/";
    if (text == "native" || text == "dnnl") return true;
    return text.starts_with(kNamed) && text.size() > kNamed.size() && text.find_first_of(" \t\n") == text.npos;
}

KernelChoices kernel_choices(const Graph& graph) {
    KernelChoices choices;
    const auto found = graph.info().metadata.find(kKernelsKey);
    if (found == graph.info().metadata.end()) return choices;
    // "kernel node" a line: the kernel's name has no white space, the node's name may.
    std::istringstream lines(found->second);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t space = line.find(' ');
        if (space != std::string::npos) choices[line.substr(space + 1)] = line.substr(0, space);
    }
    return choices;
}

Graph with_kernels(const Graph& graph, const KernelChoices& choices) {
    std::string lines;
    for (const auto& [node, kernel] : choices) lines += kernel + " " + node + "\n";
    GraphBuilder builder(graph);
    builder.info().metadata.erase(kKernelsKey);
    if (!lines.empty()) builder.info().metadata[kKernelsKey] = lines;
    return std::move(builder).build();
}

std::vector<Kernel> all_kernels(const KernelRequest& wanted) {
    KernelRequest request = wanted;
    request.implementation.clear();  // the default comes first: a wanted implementation would change the order
    std::vector<Kernel> kernels;
    for (const Backend backend : backends_in_order(Backend::native)) {
        if (backend != Backend::ref || kernels.empty()) add_kernels(request, backend, kernels);
    }
    return kernels;
}

std::optional<Kernel> find_kernel(const KernelRequest& request, const std::string& name) {
    // Only the backend that the name begins with is asked: building oneDNN's list of implementations takes time.
    std::vector<Kernel> kernels;
    add_kernels(request, name.starts_with(to_text(Backend::native)) ? Backend::native : Backend::dnnl, kernels);
    const auto found = std::find_if(kernels.begin(), kernels.end(), [&](const Kernel& k) { return k.name() == name; });
    return found == kernels.end() ? std::nullopt : std::optional(std::move(*found));
}

}  // namespace halftone
