#include "base/registry.hpp"

#include "graph/rewrites/rewrites.hpp"

namespace halftone {

#define HALFTONE_PLUGIN(word, name) void rewrite_##name(Rewriter&);
#include "graph/rewrites/list.inc"
#undef HALFTONE_PLUGIN

namespace {

#define HALFTONE_PLUGIN(word, name) {word, rewrite_##name},
constexpr auto kRewrites = make_registry<RewriteNode>({
#include "graph/rewrites/list.inc"
});
#undef HALFTONE_PLUGIN

}  // namespace

std::string rewrite_word(std::string_view domain, std::string_view op) {
    if (domain.empty() || domain == "ai.onnx") return std::string(op);
    return std::string(domain) + "." + std::string(op);
}

RewriteNode find_rewrite(std::string_view word) {
    const RewriteNode* found = kRewrites.find(word);
    return found == nullptr ? nullptr : *found;
}

}  // namespace halftone
