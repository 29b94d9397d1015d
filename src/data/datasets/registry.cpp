#include <array>

#include "base/text.hpp"
#include "config/reader.hpp"
#include "data/dataset.hpp"

namespace halftone {

#define HALFTONE_DATASET(name, factory) std::unique_ptr<Dataset> factory(const ConfigNode& node);
#include "data/datasets/list.inc"
#undef HALFTONE_DATASET

namespace {

struct Row {
    std::string_view name;
    std::unique_ptr<Dataset> (*make)(const ConfigNode& node);
};

#define HALFTONE_DATASET(name, factory) Row{name, factory},
constexpr std::array kRows{
#include "data/datasets/list.inc"
};
#undef HALFTONE_DATASET

}  // namespace

std::unique_ptr<Dataset> make_dataset(const std::string& name, const ConfigNode& node) {
    for (const Row& row : kRows) {
        if (row.name == name) return row.make(node);
    }
    fail_at(node, "is not an available data set; available: " + join(dataset_names(), " "), true);
}

std::vector<std::string> dataset_names() {
    std::vector<std::string> names;
    for (const Row& row : kRows) names.emplace_back(row.name);
    return names;
}

}  // namespace halftone
