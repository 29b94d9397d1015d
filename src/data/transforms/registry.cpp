#include "config/make_plugin.hpp"
#include "data/dataset.hpp"

namespace halftone {

#define HALFTONE_PLUGIN(word, name) std::unique_ptr<Transform> make_##name(const ConfigNode& node, Framework framework);
#include "data/transforms/list.inc"
#undef HALFTONE_PLUGIN

namespace {

using MakeTransform = std::unique_ptr<Transform> (*)(const ConfigNode&, Framework);

#define HALFTONE_PLUGIN(word, name) {word, make_##name},
constexpr auto kTransforms = make_registry<MakeTransform>({
#include "data/transforms/list.inc"
});
#undef HALFTONE_PLUGIN

}  // namespace

std::unique_ptr<Transform> make_transform(const std::string& name, const ConfigNode& node, Framework framework) {
    return make_plugin(kTransforms, name, node, "transform", framework);
}

std::vector<std::string> transform_names() { return kTransforms.words(); }

}  // namespace halftone
