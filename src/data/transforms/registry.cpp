#include "config/make_plugin.hpp"
#include "data/dataset.hpp"

namespace halftone {

using MakeTransform = std::unique_ptr<Transform>(const ConfigNode&, Framework);
#define HALFTONE_LIST "data/transforms/list.inc"
#define HALFTONE_TABLE kTransforms
#define HALFTONE_FACTORY MakeTransform
#define HALFTONE_NAME(name) make_##name
#include "base/plugin_table.inc"

std::unique_ptr<Transform> make_transform(const std::string& name, const ConfigNode& node, Framework framework) {
    return make_plugin(kTransforms, name, node, "transform", framework);
}

std::vector<std::string> transform_names() { return kTransforms.words(); }

}  // namespace halftone
