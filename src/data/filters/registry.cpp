// Filters, and the view of a data set that a filter makes.
#include "config/make_plugin.hpp"
#include "data/dataset.hpp"
#include "data/filter.hpp"
#include "data/kept_samples.hpp"

namespace halftone {

using MakeFilter = std::unique_ptr<Filter>(const ConfigNode&);
#define HALFTONE_LIST "data/filters/list.inc"
#define HALFTONE_TABLE kFilters
#define HALFTONE_FACTORY MakeFilter
#define HALFTONE_NAME(name) make_##name
#include "base/plugin_table.inc"

std::unique_ptr<Dataset> make_filtered(const std::string& name, const ConfigNode& node,
                                       std::unique_ptr<Dataset> dataset, bool keeps_bad_samples) {
    const auto filter = make_plugin(kFilters, name, node, "filter");
    return keep_samples(std::move(dataset), *filter, node, keeps_bad_samples);
}

std::vector<std::string> filter_names() { return kFilters.words(); }

}  // namespace halftone
