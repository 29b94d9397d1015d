// PyTorch's exporter writes a node's name as a path: one part for each module that is entered, then the op. A module in
// a Sequential is written with the name of the one around it ("layer1/layer1.0"), any other one with its own name alone
// ("conv1"). A part that goes on from the one before it therefore replaces it.
#include "space/framework_names.hpp"

#include <vector>

#include "base/text.hpp"
#include "space/unit_match.hpp"

namespace halftone {

std::string module_path(std::string_view node_name) {
    if (!node_name.starts_with('/')) return {};
    std::vector<std::string> parts = split(node_name.substr(1), '/');
    if (parts.size() < 2) return {};
    parts.pop_back();  // the op, such as Conv or Conv_1
    std::vector<std::string> modules;
    for (const std::string& part : parts) {
        if (!modules.empty() && part.starts_with(modules.back() + ".")) modules.pop_back();
        modules.push_back(part);
    }
    std::string path = modules.front();
    for (std::size_t i = 1; i < modules.size(); ++i) path += "." + modules[i];
    return path;
}

bool is_framework_name(std::string_view key, std::string_view node_name) {
    constexpr std::string_view kSplitGemm = "_MatMul";
    constexpr std::string_view kDataParallel = "module.";
    if (key.ends_with(kSplitGemm) && key.substr(0, key.size() - kSplitGemm.size()) == node_name) return true;
    const std::string path = module_path(node_name);
    if (path.empty()) return false;
    if (matches_glob(key, path)) return true;
    return key.starts_with(kDataParallel) && matches_glob(key.substr(kDataParallel.size()), path);
}

}  // namespace halftone
