#include "config/make_plugin.hpp"
#include "data/dataset.hpp"

namespace halftone {

using MakeDataset = std::unique_ptr<Dataset>(const ConfigNode&);
#define HALFTONE_LIST "data/datasets/list.inc"
#define HALFTONE_TABLE kDatasets
#define HALFTONE_FACTORY MakeDataset
#define HALFTONE_NAME(name) make_##name
#include "base/plugin_table.inc"

std::unique_ptr<Dataset> make_dataset(const std::string& name, const ConfigNode& node) {
    return make_plugin(kDatasets, name, node, "data set");
}

std::vector<std::string> dataset_names() { return kDatasets.words(); }

}  // namespace halftone
