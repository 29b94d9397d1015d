#include "base/error.hpp"
#include "config/make_plugin.hpp"
#include "metric/metric.hpp"

namespace halftone {

using MakeMetric = std::unique_ptr<Metric>(const ConfigNode&);
#define HALFTONE_LIST "metric/metrics/list.inc"
#define HALFTONE_TABLE kMetrics
#define HALFTONE_FACTORY MakeMetric
#define HALFTONE_NAME(name) make_##name
#include "base/plugin_table.inc"

std::unique_ptr<Metric> make_metric(const std::string& name, const ConfigNode& node) {
    return make_plugin(kMetrics, name, node, "metric");
}

std::vector<std::string> metric_names() { return kMetrics.words(); }

std::vector<std::string> lower_is_better_metrics() {
    // Asked of the metrics themselves, so that no second list could disagree with them.
    std::vector<std::string> names;
    for (const std::string& name : metric_names()) {
        try {
            if (make_metric(name, ConfigNode{})->direction() == Direction::lower_is_better) names.push_back(name);
        } catch (const ConfigError&) {
            // A metric that cannot be made without settings (command) is higher-is-better unless the config says else.
        }
    }
    return names;
}

}  // namespace halftone
