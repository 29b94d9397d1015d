#pragma once
// MXNet's symbol.json: the network without its weights.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace halftone {

/// An output of a node that another node or the network's end reads.
struct MxnetEdge {
    std::size_t node = 0;    ///< index into MxnetSymbol::nodes
    std::size_t output = 0;  ///< BatchNorm and SliceChannel have several
};

struct MxnetNode {
    std::string op;  ///< "null": a variable, that is, an input, a weight or a label
    std::string name;
    std::vector<MxnetEdge> inputs;                  ///< only nodes that stand before this one
    std::map<std::string, std::string> attributes;  ///< as text: "(3, 3)", "True", "1e-05"
    [[nodiscard]] bool is_variable() const { return op == "null"; }
};

struct MxnetSymbol {
    std::vector<MxnetNode> nodes;
    std::vector<MxnetEdge> outputs;  ///< the file calls them heads; at least one
    std::int64_t version = 0;        ///< of the MXNet that wrote it, 10901 for 1.9.1; 0 where the file does not say
};

/// Returns the network of a symbol.json. Nothing is known of the operators here.
/// @param name  of the file, for messages
/// @throws ModelError: no JSON, more than 64 MiB, a missing key, an edge to a node that does not stand before
[[nodiscard]] MxnetSymbol parse_mxnet_symbol(std::string_view bytes, const std::string& name);

/// Returns whether the text is JSON that has the keys of a symbol.json, without a look at what they hold.
[[nodiscard]] bool is_mxnet_symbol(std::string_view bytes);

}  // namespace halftone
