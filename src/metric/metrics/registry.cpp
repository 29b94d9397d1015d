#include "config/make_plugin.hpp"
#include "metric/metric.hpp"

namespace halftone {

#define HALFTONE_PLUGIN(word, name) std::unique_ptr<Metric> make_##name(const ConfigNode& node);
#include "metric/metrics/list.inc"
#undef HALFTONE_PLUGIN

namespace {

using MakeMetric = std::unique_ptr<Metric> (*)(const ConfigNode&);

#define HALFTONE_PLUGIN(word, name) {word, make_##name},
constexpr auto kMetrics = make_registry<MakeMetric>({
#include "metric/metrics/list.inc"
});
#undef HALFTONE_PLUGIN

}  // namespace

std::unique_ptr<Metric> make_metric(const std::string& name, const ConfigNode& node) {
    return make_plugin(kMetrics, name, node, "metric");
}

std::vector<std::string> metric_names() { return kMetrics.words(); }

}  // namespace halftone
