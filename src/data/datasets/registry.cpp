#include "base/registry.hpp"

#include "base/text.hpp"
#include "config/reader.hpp"
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
    // The data set reads its own settings, so nothing here knows what they are.
    if (const MakeDataset* make = kDatasets.find(name)) return (*make)(node);
    fail_at(node, "is not an available data set; available: " + join(dataset_names(), " "), true);
}

std::vector<std::string> dataset_names() { return kDatasets.words(); }

}  // namespace halftone
