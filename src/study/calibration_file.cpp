// calibration.h5: for each calibration size a group with the statistics of all values, and below it the ranges that the
// algorithms made of them. study.h5 takes the group /calibration over as it is.
#include "study/calibration_file.hpp"

#include <algorithm>
#include <vector>

#include "dump/h5_writer.hpp"

namespace halftone::study {
namespace {

/// A row for each value that calibration observed, and its histogram.
void write_statistics(H5Writer& file, const std::string& path, std::int64_t samples, const CalibrationTable& table) {
    std::vector<std::string> names;
    std::vector<std::int64_t> counts;
    std::vector<std::int64_t> bins;
    std::vector<double> low, high, limit;
    for (const auto& [name, statistics] : table.values()) {
        names.push_back(name);
        counts.push_back(statistics.count());
        low.push_back(statistics.min());
        high.push_back(statistics.max());
        limit.push_back(statistics.limit());
        // All histograms go into one matrix [value, bin], which is packed: most bins are empty.
        const UniformHistogram own = statistics.histogram();
        bins.insert(bins.end(), own.bins.begin(), own.bins.end());
        bins.resize(names.size() * ValueStatistics::kBins);  // an empty statistic has no bins
    }
    file.table(path, "What calibration saw of each value of the fp32 model, on " + std::to_string(samples) + " samples",
               {{"value", "name of the value in the model", "", names},
                {"count", "elements seen", "1", counts},
                {"min", "smallest element", "1", low},
                {"max", "largest element", "1", high},
                {"limit", "a power of two above every magnitude; the histogram covers [-limit, limit)", "1", limit}});
    file.attribute(path, "samples", samples);
    file.array({.path = path + "/histogram",
                .description = "elements in each bin; bin i of a value covers limit * [bin_edges[i], bin_edges[i + 1])",
                .units = "1",
                .elements = bins,
                .shape = {static_cast<std::int64_t>(names.size()), ValueStatistics::kBins},
                .scales = {path + "/value"},
                .is_packed = true});
}

/// A row for each value and rule: the ranges are derived once, for all algorithms that the space offers.
void write_ranges(H5Writer& file, const std::string& path, const RangeTable& table) {
    std::vector<std::string> names, rules;
    std::vector<double> low, high;
    for (const auto& [key, range] : table.ranges()) {
        names.push_back(key.first);
        rules.push_back(to_text(key.second));
        low.push_back(range.low);
        high.push_back(range.high);
    }
    file.table(path, "The range that each algorithm chooses for each value",
               {{"value", "name of the value in the model", "", names},
                {"algorithm", "minmax, kl, percentile <share kept in %> or mse", "", rules},
                {"low", "lower end of the range to represent", "1", low},
                {"high", "upper end", "1", high}});
}

}  // namespace

void write_calibration(const Calibrator& calibrator, const SearchSpace& space, const std::string& path) {
    H5Writer file(path);
    file.attribute("/", "format", "halftone calibration");
    file.attribute("/", "format_version", std::int64_t{1});
    file.group("/calibration", "Statistics of the calibration data, by number of samples");
    // The bins of all values are alike but for a factor, the value's limit. It is a power of two, so that the product
    // is exact, and one list of edges serves all.
    std::vector<double> edges(ValueStatistics::kBins + 1);
    for (std::size_t i = 0; i < edges.size(); ++i)
        edges[i] = -1 + 2.0 * static_cast<double>(i) / ValueStatistics::kBins;
    file.array(
        {.path = "/calibration/bin_edges",
         .description = "edges of the histograms' bins for limit 1; times a value's limit they are its own, exactly",
         .units = "1",
         .elements = edges,
         .shape = {},
         .is_packed = true});
    const auto& sizes = space.calibration_sizes();
    for (const auto& [samples, table] : calibrator.statistics()) {
        const std::string group = "/calibration/samples_" + std::to_string(samples);
        write_statistics(file, group, samples, table);
        // With smoothing several indices have the same size. Statistics belong to a size; the ranges shown are those of
        // the first index that has it.
        const auto index = std::find(sizes.begin(), sizes.end(), samples) - sizes.begin();
        write_ranges(file, group + "/ranges", calibrator.ranges(index));
    }
    file.commit();
}

}  // namespace halftone::study
