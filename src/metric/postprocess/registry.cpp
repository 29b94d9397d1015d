#include "config/make_plugin.hpp"
#include "metric/postprocess.hpp"

namespace halftone {

using MakePostprocess = std::unique_ptr<Postprocess>(const ConfigNode&);
#define HALFTONE_LIST "metric/postprocess/list.inc"
#define HALFTONE_TABLE kPostprocessSteps
#define HALFTONE_FACTORY MakePostprocess
#define HALFTONE_NAME(name) make_##name
#include "base/plugin_table.inc"

std::unique_ptr<Postprocess> make_postprocess(const std::string& name, const ConfigNode& node) {
    return make_plugin(kPostprocessSteps, name, node, "postprocess");
}

std::vector<std::string> postprocess_names() { return kPostprocessSteps.words(); }

}  // namespace halftone
