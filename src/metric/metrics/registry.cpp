#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/reader.hpp"
#include "metric/metric.hpp"

namespace halftone {

#define HALFTONE_METRIC(name, factory) std::unique_ptr<Metric> factory(const ConfigNode& node);
#include "metric/metrics/list.inc"
#undef HALFTONE_METRIC

namespace {

struct Row {
    std::string_view name;
    std::unique_ptr<Metric> (*make)(const ConfigNode& node);
};

#define HALFTONE_METRIC(name, factory) Row{name, factory},
constexpr std::array kMetrics{
#include "metric/metrics/list.inc"
};
#undef HALFTONE_METRIC

}  // namespace

std::unique_ptr<Metric> make_metric(const std::string& name, const ConfigNode& node) {
    for (const Row& row : kMetrics) {
        if (row.name == name) return row.make(node);
    }
    fail_at(node, "is not an available metric; available: " + join(metric_names(), " "), true);
}

std::vector<std::string> metric_names() {
    std::vector<std::string> names;
    for (const Row& row : kMetrics) names.emplace_back(row.name);
    return names;
}

}  // namespace halftone
