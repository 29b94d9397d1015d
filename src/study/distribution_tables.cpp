// Puts the run's distribution files together as three arrays: fp32 [unit, bin], quantized [trial, unit, bin] and
// sqnr_db [trial, unit]. The bins of a unit are the same in all models, so their ends are written once.
#include "study/distribution_tables.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "study/distribution_file.hpp"

namespace halftone::study {
namespace {

/// Counts of several models, one after the other: [model, unit, bin].
struct DistributionCounts {
    std::vector<std::int32_t> all;
    std::int64_t width = 0;
    void add(const UnitDistributions& distributions) {
        for (const Distribution& values : distributions.values) {
            width = static_cast<std::int64_t>(values.counts.size());
            // 32 bits are enough: a batch has fewer than 2^31 elements of one value. The file is half as large.
            for (const std::int64_t count : values.counts) all.push_back(static_cast<std::int32_t>(count));
        }
    }
};

constexpr const char* kBinsText = "below the bins, in equally wide bins from low to high, and above them";

/// Writes the ends of the bins, which all models of the run share, and the counts of the fp32 model.
void write_fp32(H5Writer& file, const UnitDistributions& fp32, std::int64_t units) {
    std::vector<double> low, high;
    for (const Distribution& values : fp32.values) {
        low.push_back(values.low);
        high.push_back(values.high);
    }
    const auto ends = [&](const char* name, const char* text, const std::vector<double>& values) {
        file.array({.path = std::string("/distributions/") + name,
                    .description = text,
                    .units = "1",
                    .elements = values,
                    .shape = {},
                    .scales = {"/units/name"}});
    };
    // With the ends a reader can draw the bins; between them they are equally wide.
    ends("low", "lower end of a unit's first bin", low);
    ends("high", "upper end of its last bin", high);
    DistributionCounts counts;
    counts.add(fp32);
    file.array({.path = "/distributions/fp32",
                .description = std::string("elements of a unit's output in the fp32 model: ") + kBinsText,
                .units = "1",
                .elements = counts.all,
                .shape = {units, counts.width},
                .scales = {"/units/name"},
                .is_packed = true});
}

}  // namespace

void write_distributions(H5Writer& file, const StudySource& source, std::vector<std::string>& warnings) {
    // Models may have failed to build or files may be damaged, so rows are matched to trials by the array `trial`, and
    // not by their position.
    const std::string folder = source.folder + "/distributions/";
    const auto files = make_posix_file_system();
    const std::size_t units = source.units.size();
    if (!source.has_facts || !files->exists(folder + "fp32.h5")) return;
    DistributionCounts quantized;
    std::vector<std::int64_t> trials;
    std::vector<double> sqnr;
    std::optional<UnitDistributions> fp32;
    try {
        fp32 = read_distribution_file(folder + "fp32.h5", units);
    } catch (const DataError& error) {
        warnings.push_back(fmt::format("{}; the distributions are left out", error.what()));
        return;
    }
    // Trials without a file are normal: one that could not be built has no distributions.
    for (const journal::Trial& trial : source.trials) {
        const std::string path = folder + distribution_file_name(trial.trial);
        if (!files->exists(path)) continue;
        try {
            const UnitDistributions all = read_distribution_file(path, units);
            quantized.add(all);
            trials.push_back(trial.trial);
            // Files of this version always have the column; NaN stands where it is missing.
            for (std::size_t u = 0; u < units; ++u)
                sqnr.push_back(u < all.sqnr_db.size() ? all.sqnr_db[u] : std::nan(""));
        } catch (const DataError& error) {
            warnings.push_back(fmt::format("{}; trial {} is left out of the distributions", error.what(), trial.trial));
        }
    }
    file.group("/distributions", "Outputs of the units on the first batch of the calibration data");
    const auto count = static_cast<std::int64_t>(units);
    write_fp32(file, *fp32, count);
    const auto rows = static_cast<std::int64_t>(trials.size());
    file.array({.path = "/distributions/trial",
                .description = "trial numbers of the rows of `quantized` and `sqnr_db`",
                .units = "1",
                .elements = trials,
                .shape = {rows}});
    if (rows == 0) return;  // an array without rows cannot be packed
    const std::vector<std::string> scales{"/distributions/trial", "/units/name"};
    file.array({.path = "/distributions/quantized",
                .description = std::string("elements of a unit's output in a trial's model: ") + kBinsText,
                .units = "1",
                .elements = quantized.all,
                .shape = {rows, count, quantized.width},
                .scales = scales,
                .is_packed = true});
    file.array({.path = "/distributions/sqnr_db",
                .description = "signal-to-quantization-noise ratio of a unit's output in a trial's model",
                .units = "dB",
                .elements = sqnr,
                .shape = {rows, count},
                .scales = scales,
                .is_packed = true});
}

}  // namespace halftone::study
