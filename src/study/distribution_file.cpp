// One table with a row for each unit, and the counts beside it as a matrix. Each file is written once and never
// changed, so that study.h5 can be made while the run goes on.
#include "study/distribution_file.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "dump/h5_reader.hpp"
#include "dump/h5_writer.hpp"
#include "study/distribution_bins.hpp"

namespace halftone::study {
namespace {

constexpr std::int64_t kDistributionVersion = 1;
constexpr const char* kDistributionFormat = "halftone distributions";
// Below the bins, in the bins, above them.
constexpr std::size_t kCounts = kDistributionBins + 2;

}  // namespace

std::string distribution_file_name(std::int64_t trial) { return fmt::format("trial-{:05}.h5", trial); }

UnitDistributions read_distribution_file(const std::string& path, std::size_t units) {
    const H5Reader file(path);
    check_format(file, path, kDistributionFormat, kDistributionVersion);
    // A workspace may hold files of a run of another model: their numbers of units differ.
    const auto column = [&](const char* name) {
        auto numbers = file.numbers(std::string("/units/") + name);
        if (numbers.size() != units) throw DataError(path + "::/units/" + name + ": is not of this run's units");
        return numbers;
    };
    const auto low = column("low"), high = column("high"), min = column("min"), max = column("max"),
               sum = column("sum"), squares = column("sum_squares");
    // One matrix [unit, bin] instead of a dataset for each unit: files of many units stay small.
    const auto counts = file.integers("/units/counts");
    if (counts.size() != units * kCounts) throw DataError(path + "::/units/counts: is not of this run's units");
    UnitDistributions all;
    for (std::size_t u = 0; u < units; ++u) {
        // One row of the matrix.
        const auto begin = counts.begin() + static_cast<std::ptrdiff_t>(u * kCounts);
        all.values.push_back({.low = low[u],
                              .high = high[u],
                              .counts = {begin, begin + static_cast<std::ptrdiff_t>(kCounts)},
                              .min = min[u],
                              .max = max[u],
                              .sum = sum[u],
                              .sum_squares = squares[u]});
    }
    if (file.has("/units/sqnr_db")) all.sqnr_db = column("sqnr_db");
    return all;
}

void write_distribution_file(const std::string& path, const UnitDistributions& all) {
    std::vector<double> low, high, min, max, sum, squares;
    std::vector<std::int64_t> counts;
    for (const Distribution& values : all.values) {
        low.push_back(values.low);
        high.push_back(values.high);
        min.push_back(values.min);
        max.push_back(values.max);
        sum.push_back(values.sum);
        squares.push_back(values.sum_squares);
        counts.insert(counts.end(), values.counts.begin(), values.counts.end());
    }
    H5Writer file(path);
    file.attribute("/", "format", kDistributionFormat);
    file.attribute("/", "format_version", kDistributionVersion);
    std::vector<H5Column> columns{{"low", "lower end of the first bin", "1", low},
                                  {"high", "upper end of the last bin", "1", high},
                                  {"min", "smallest element", "1", min},
                                  {"max", "largest element", "1", max},
                                  {"sum", "of the elements", "1", sum},
                                  {"sum_squares", "of the elements", "1", squares}};
    // The fp32 model has no error against itself, so the column is missing in its file.
    if (!all.sqnr_db.empty()) columns.push_back({"sqnr_db", "against fp32", "dB", all.sqnr_db});
    file.table("/units", "Distribution of each unit's output, by unit number", columns);
    const auto width = static_cast<std::int64_t>(kCounts);
    file.array({.path = "/units/counts",
                .description = "elements below the bins, in equally wide bins from low to high, and above them",
                .units = "1",
                .elements = counts,
                .shape = {static_cast<std::int64_t>(all.values.size()), width},
                .is_packed = true});
    file.commit();
}

}  // namespace halftone::study
