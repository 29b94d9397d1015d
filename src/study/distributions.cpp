#include "study/distributions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "base/error.hpp"
#include "base/log.hpp"
#include "dump/h5_reader.hpp"
#include "dump/h5_writer.hpp"
#include "eval/used_rows.hpp"
#include "study/distances.hpp"

namespace halftone::study {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr const char* kFormat = "halftone distributions";
constexpr std::size_t kBins = 128;
/// Bins reach beyond the fp32 values by this share of their range: quantized ones may lie there.
constexpr double kMargin = 1.0 / 16;

double now_s() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration<double>(since).count();
}

void write_distributions(const std::string& path, const UnitDistributions& all) {
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
    file.attribute("/", "format", kFormat);
    file.attribute("/", "format_version", kVersion);
    std::vector<H5Column> columns{{"low", "lower end of the first bin", "1", low},
                                  {"high", "upper end of the last bin", "1", high},
                                  {"min", "smallest element", "1", min},
                                  {"max", "largest element", "1", max},
                                  {"sum", "of the elements", "1", sum},
                                  {"sum_squares", "of the elements", "1", squares}};
    if (!all.sqnr_db.empty()) columns.push_back({"sqnr_db", "against fp32", "dB", all.sqnr_db});
    file.table("/units", "Distribution of each unit's output, by unit number", columns);
    const auto width = static_cast<std::int64_t>(kBins + 2);
    file.array({.path = "/units/counts",
                .description = "elements below the bins, in equally wide bins from low to high, and above them",
                .units = "1",
                .elements = counts,
                .shape = {static_cast<std::int64_t>(all.values.size()), width},
                .is_packed = true});
    file.commit();
}

/// 0: below, 1 …: the bins, last: above, or not a number.
std::size_t bin_of(double x, double low, double high) {
    if (x < low) return 0;
    if (!(x < high)) return kBins + 1;
    return 1 + std::min(kBins - 1, static_cast<std::size_t>((x - low) * (kBins / (high - low))));
}

/// Event files of earlier sessions: what this one writes replaces them.
void remove_events(const std::string& folder) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("events.out.tfevents.") && name.ends_with(".halftone")) std::filesystem::remove(entry);
    }
}

}  // namespace

std::string distribution_file(std::int64_t trial) { return fmt::format("trial-{:05}.h5", trial); }

UnitDistributions read_distributions(const std::string& path, std::size_t units) {
    const H5Reader file(path);
    check_format(file, path, kFormat, kVersion);
    const auto column = [&](const char* name) {
        auto numbers = file.numbers(std::string("/units/") + name);
        if (numbers.size() != units) throw DataError(path + "::/units/" + name + ": is not of this run's units");
        return numbers;
    };
    const auto low = column("low"), high = column("high"), min = column("min"), max = column("max"),
               sum = column("sum"), squares = column("sum_squares");
    const auto counts = file.integers("/units/counts");
    if (counts.size() != units * (kBins + 2)) throw DataError(path + "::/units/counts: is not of this run's units");
    UnitDistributions all;
    for (std::size_t u = 0; u < units; ++u) {
        const auto begin = counts.begin() + static_cast<std::ptrdiff_t>(u * (kBins + 2));
        all.values.push_back({.low = low[u],
                              .high = high[u],
                              .counts = {begin, begin + static_cast<std::ptrdiff_t>(kBins + 2)},
                              .min = min[u],
                              .max = max[u],
                              .sum = sum[u],
                              .sum_squares = squares[u]});
    }
    if (file.has("/units/sqnr_db")) all.sqnr_db = column("sqnr_db");
    return all;
}

Distributions::Distributions(const DistributionInputs& inputs, const std::string& config_text,
                             const std::string& workspace)
    : inputs_(inputs),
      folder_(workspace + "/distributions"),
      files_(make_posix_file_system()),
      weights_(make_weight_cache()),
      samples_(std::min(inputs.batch, inputs.calibration.size())) {
    files_->create_directories(folder_);
    const auto open = [&](const char* name) {
        const std::string place = workspace + "/tensorboard/" + name;
        remove_events(place);
        return std::make_unique<EventFile>(*files_, place, now_s());
    };
    search_ = open("search");
    fp32_events_ = open("fp32");
    quantized_events_ = open("quantized");
    search_->add_text("config", 0, now_s(), "```\n" + config_text + "```\n");
}

Distribution Distributions::count(TensorView value, std::size_t unit, double low, double high) const {
    Distribution result{.low = low,
                        .high = high,
                        .counts = std::vector<std::int64_t>(kBins + 2),
                        .min = 0,
                        .max = 0,
                        .sum = 0,
                        .sum_squares = 0};
    const auto values = value.as<float>();
    const auto [block, used] = used_rows(probe_->declared(unit), value.type.shape, samples_);
    float smallest = values.empty() ? 0 : values[0];
    float largest = smallest;
    for (std::size_t begin = 0; begin < values.size(); begin += block) {
        for (std::size_t i = begin; i < begin + used; ++i) {
            const double x = values[i];
            ++result.counts[bin_of(x, low, high)];
            smallest = std::min(smallest, values[i]);
            largest = std::max(largest, values[i]);
            result.sum += x;
            result.sum_squares += x * x;
        }
    }
    result.min = smallest;
    result.max = largest;
    return result;
}

/// Runs the fp32 model and the candidate on the first batch of the calibration data.
void Distributions::fill_bins(const Candidate& candidate) {
    const Graph graph = inputs_.factory.quantized(candidate).graph;
    if (!probe_) {
        CompileOptions options;
        options.batch = inputs_.batch;
        options.weights = weights_.get();
        options.memory = &memory_;
        probe_.emplace(ProbeKind::unit_errors, inputs_.model, graph, options);
        std::vector<std::int64_t> labels(static_cast<std::size_t>(samples_));
        inputs_.calibration.read(0, samples_, probe_->input(), labels);
    } else {
        probe_->replace(graph);
    }
    probe_->run_units();
    if (!fp32_.values.empty()) return;
    for (std::size_t u = 0; u < probe_->size(); ++u) {
        const auto values = probe_->reference(u).as<float>();
        const auto [least, most] = std::minmax_element(values.begin(), values.end());
        const double low = *least;
        const double high = *most;
        const double margin = high > low ? (high - low) * kMargin : std::max(1e-6, std::abs(high) * kMargin);
        fp32_.values.push_back(count(probe_->reference(u), u, low - margin, high + margin));
    }
    write_distributions(folder_ + "/fp32.h5", fp32_);
    add_events(*fp32_events_, fp32_, 0);
}

UnitDistributions Distributions::measure(const Candidate& candidate) {
    fill_bins(candidate);
    UnitDistributions all;
    for (std::size_t u = 0; u < probe_->size(); ++u) {
        const Distribution& bins = fp32_.values[u];
        all.values.push_back(count(probe_->candidate(u), u, bins.low, bins.high));
        ErrorSums sums;
        add_errors(sums, probe_->reference(u), probe_->candidate(u), probe_->declared(u), samples_);
        all.sqnr_db.push_back(sqnr_db(sums));
    }
    return all;
}

/// From its file where an earlier session wrote one.
std::optional<UnitDistributions> Distributions::of_trial(const tune::FinishedTrial& trial) {
    const std::string path = folder_ + "/" + distribution_file(trial.trial.value);
    const std::size_t units = inputs_.model.units.size();
    try {
        if (files_->exists(path) && files_->exists(folder_ + "/fp32.h5")) {
            if (fp32_.values.empty()) {
                fp32_ = read_distributions(folder_ + "/fp32.h5", units);
                add_events(*fp32_events_, fp32_, 0);
            }
            return read_distributions(path, units);
        }
        const UnitDistributions all = measure(trial.candidate);
        write_distributions(path, all);
        return all;
    } catch (const ModelError& error) {
        log::debug("tensorboard", "trial {} has no distributions: {}", trial.trial.value, error.what());
    } catch (const DataError& error) {
        log::warning("tensorboard", "{}; trial {} has no distributions", error.what(), trial.trial.value);
    }
    return std::nullopt;
}

void Distributions::add_events(EventFile& file, const UnitDistributions& distributions, std::int64_t step) {
    for (std::size_t u = 0; u < distributions.values.size(); ++u) {
        const std::string& unit = inputs_.model.units[u].name;
        file.add_distribution(unit + "/output", step, now_s(), distributions.values[u]);
        if (distributions.sqnr_db.empty()) continue;
        if (std::isfinite(distributions.sqnr_db[u])) {
            file.add_scalar("sqnr_db/" + unit, step, now_s(), distributions.sqnr_db[u]);
        }
    }
}

void Distributions::on_trial(const tune::FinishedTrial& trial, const tune::Progress& progress, double goal) {
    const std::int64_t step = trial.trial.value;
    search_->add_scalar("goal", step, now_s(), goal);
    if (const auto* score = std::get_if<Score>(&trial.outcome)) {
        if (!score->bounds) search_->add_scalar("accuracy", step, now_s(), score->accuracy);
        if (score->bounds) search_->add_scalar("accuracy_at_most", step, now_s(), score->bounds->high);
    }
    if (progress.best_accuracy) search_->add_scalar("best_accuracy", step, now_s(), *progress.best_accuracy);
    if (progress.latency_ms) search_->add_scalar("latency_ms", step, now_s(), *progress.latency_ms);
    if (const auto all = of_trial(trial)) add_events(*quantized_events_, *all, step);
}

}  // namespace halftone::study
