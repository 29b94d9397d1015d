#pragma once
// Rewrites: operators of a file that this program has no kernel for, written with operators that it has. Each rewrite
// is one file and one line in list.inc; the importer applies it when it meets the operator.

#include <string>
#include <string_view>

#include "graph/rewrites/lib/rewriter.hpp"

namespace halftone {

/// Adds the nodes that compute what the rewriter's node computes.
using RewriteNode = void (*)(Rewriter&);

/// Returns the word of list.inc for an operator: "Gelu" of domain "com.microsoft" is "com.microsoft.Gelu". An operator
/// of the default domain (`domain` is empty or "ai.onnx") is its bare name.
[[nodiscard]] std::string rewrite_word(std::string_view domain, std::string_view op);

/// Returns the rewrite with this word, or null if there is none.
[[nodiscard]] RewriteNode find_rewrite(std::string_view word);

}  // namespace halftone
