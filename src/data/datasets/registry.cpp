#include "config/make_plugin.hpp"
#include "data/dataset.hpp"

namespace halftone {

#define HALFTONE_PLUGIN(word, name) std::unique_ptr<Dataset> make_##name(const ConfigNode& node);
#include "data/datasets/list.inc"
#undef HALFTONE_PLUGIN

namespace {

using MakeDataset = std::unique_ptr<Dataset> (*)(const ConfigNode&);

#define HALFTONE_PLUGIN(word, name) {word, make_##name},
constexpr auto kDatasets = make_registry<MakeDataset>({
#include "data/datasets/list.inc"
});
#undef HALFTONE_PLUGIN

}  // namespace

std::unique_ptr<Dataset> make_dataset(const std::string& name, const ConfigNode& node) {
    return make_plugin(kDatasets, name, node, "data set");
}

std::vector<std::string> dataset_names() { return kDatasets.words(); }

}  // namespace halftone
