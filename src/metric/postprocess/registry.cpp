#include "config/make_plugin.hpp"
#include "metric/postprocess.hpp"

namespace halftone {

#define HALFTONE_PLUGIN(word, name) std::unique_ptr<Postprocess> make_##name(const ConfigNode& node);
#include "metric/postprocess/list.inc"
#undef HALFTONE_PLUGIN

namespace {

using MakePostprocess = std::unique_ptr<Postprocess> (*)(const ConfigNode&);

#define HALFTONE_PLUGIN(word, name) {word, make_##name},
constexpr auto kPostprocessSteps = make_registry<MakePostprocess>({
#include "metric/postprocess/list.inc"
});
#undef HALFTONE_PLUGIN

}  // namespace

std::unique_ptr<Postprocess> make_postprocess(const std::string& name, const ConfigNode& node) {
    return make_plugin(kPostprocessSteps, name, node, "postprocess");
}

std::vector<std::string> postprocess_names() { return kPostprocessSteps.words(); }

}  // namespace halftone
