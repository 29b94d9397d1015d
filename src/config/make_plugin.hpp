#pragma once
// Makes the plug-in that a config names: data sets, transforms and metrics are all made in this way.

#include <string>
#include <string_view>

#include "base/registry.hpp"
#include "base/text.hpp"
#include "config/reader.hpp"

namespace halftone {

/// Returns what the factory with this name makes of the node. The plug-in reads its own settings from the node, so
/// nothing here knows what they are.
/// @param what     what the table holds, in words for the message: "data set"
/// @param further  what the table's factories take beside the node
/// @throws ConfigError with the node's place when no factory has this name, or what the factory throws
template <class Factory, std::size_t N, class... Further>
[[nodiscard]] auto make_plugin(const Registry<Factory, N>& table, const std::string& name, const ConfigNode& node,
                               std::string_view what, const Further&... further) {
    const Factory* factory = table.find(name);
    if (factory == nullptr) {
        fail_at(node, "is not an available " + std::string(what) + "; available: " + join(table.words(), " "), true);
    }
    return (*factory)(node, further...);
}

}  // namespace halftone
