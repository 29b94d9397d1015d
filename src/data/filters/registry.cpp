// Filters, and the view of a data set that a filter makes.
#include "config/make_plugin.hpp"
#include "data/dataset.hpp"
#include "data/filter.hpp"
#include "data/kept_samples.hpp"

namespace halftone {

#define HALFTONE_PLUGIN(word, name) std::unique_ptr<Filter> make_##name(const ConfigNode& node);
#include "data/filters/list.inc"
#undef HALFTONE_PLUGIN

namespace {

using MakeFilter = std::unique_ptr<Filter> (*)(const ConfigNode&);

#define HALFTONE_PLUGIN(word, name) {word, make_##name},
constexpr auto kFilters = make_registry<MakeFilter>({
#include "data/filters/list.inc"
});
#undef HALFTONE_PLUGIN

}  // namespace

std::unique_ptr<Dataset> make_filtered(const std::string& name, const ConfigNode& node,
                                       std::unique_ptr<Dataset> dataset, bool keeps_bad_samples) {
    const auto filter = make_plugin(kFilters, name, node, "filter");
    return keep_samples(std::move(dataset), *filter, node, keeps_bad_samples);
}

std::vector<std::string> filter_names() { return kFilters.words(); }

}  // namespace halftone
