#include "base/registry.hpp"

#include "graph/rewrites/rewrites.hpp"

namespace halftone {

using RewriteFunction = void(Rewriter&);
#define HALFTONE_LIST "graph/rewrites/list.inc"
#define HALFTONE_TABLE kRewrites
#define HALFTONE_FACTORY RewriteFunction
#define HALFTONE_NAME(name) rewrite_##name
#include "base/plugin_table.inc"

std::string rewrite_word(std::string_view domain, std::string_view op) {
    if (domain.empty() || domain == "ai.onnx") return std::string(op);
    return std::string(domain) + "." + std::string(op);
}

RewriteNode find_rewrite(std::string_view word) {
    const RewriteNode* found = kRewrites.find(word);
    return found == nullptr ? nullptr : *found;
}

}  // namespace halftone
