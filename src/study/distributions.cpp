// The distributions of a run, trial by trial.
//
//   Distributions   opens the three event files; what earlier sessions wrote there goes
//   on_trial        adds the scalars of the search, then the distributions of the trial's model
//   of_trial        takes them from the trial's file where an earlier session has measured it; else measure()
//   measure         runs the fp32 model and the candidate side by side (run_models) and counts the values of each unit
//
// The files distributions/*.h5 are what is kept. A resumed run replays all trials through on_trial() and so writes
// complete event files again, without running the models of old trials.
#include "study/distributions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/log.hpp"
#include "eval/open_shapes.hpp"
#include "eval/sample_feed.hpp"
#include "eval/used_rows.hpp"
#include "study/distances.hpp"

namespace halftone::study {
namespace {

/// Event files are stamped with the time of the day, in seconds since 1970.
double now_s() { return seconds(SystemClock().unix_time()); }

/// Event files of earlier sessions: what this one writes replaces them.
void remove_events(const std::string& folder) {
    const auto files = make_posix_file_system();
    if (!files->is_directory(folder)) return;
    for (const std::string& name : files->list(folder)) {
        const bool is_ours = name.starts_with("events.out.tfevents.") && name.ends_with(".halftone");
        if (is_ours) files->remove(folder + "/" + name);
    }
}

}  // namespace

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

Distribution Distributions::count(TensorView value, std::size_t unit, BinEnds bins) const {
    return count_values(value.as<float>(), used_rows(probe_->declared(unit), value.type.shape, samples_, batch_), bins);
}

/// Runs the fp32 model and the candidate on the first batch of the calibration data. The first time, it also counts the
/// fp32 model: its bins are those of all trials, so that histograms can be laid over one another.
void Distributions::run_models(const Candidate& candidate) {
    const Graph graph = inputs_.factory.quantized(candidate).graph;
    if (!probe_) {
        CompileOptions options;
        options.batch = inputs_.batch;
        options.weights = weights_.get();
        options.memory = &memory_;
        probe_.emplace(ProbeKind::unit_errors, inputs_.model, graph, options);
        const InputFields fields = fields_of(inputs_.model.graph, inputs_.calibration.schema());
        const OpenShapes open(inputs_.model.graph, inputs_.calibration, fields);
        SessionShape shape{.inputs = {}, .rows = inputs_.batch};
        // Where samples differ in size, the first one is shown alone.
        if (!open.is_empty()) {
            shape.inputs = open.of(inputs_.calibration.read(0));
            samples_ = 1;
            if (!open.has_fixed_batch()) shape.rows = 1;
        }
        read_samples(inputs_.calibration, {0, samples_}, fields, shape.rows, probe_->inputs(shape));
        batch_ = shape.rows;
    } else {
        probe_->replace(graph);
    }
    probe_->run_units();
    if (!fp32_.values.empty()) return;
    for (std::size_t u = 0; u < probe_->size(); ++u) {
        const TensorView value = probe_->reference(u);
        const UsedRows rows = used_rows(probe_->declared(u), value.type.shape, samples_, batch_);
        fp32_.values.push_back(count(value, u, bins_around(value.as<float>(), rows)));
    }
    write_distribution_file(folder_ + "/fp32.h5", fp32_);
    add_events(*fp32_events_, fp32_, 0);
}

UnitDistributions Distributions::measure(const Candidate& candidate) {
    run_models(candidate);
    UnitDistributions all;
    for (std::size_t u = 0; u < probe_->size(); ++u) {
        const Distribution& bins = fp32_.values[u];
        all.values.push_back(count(probe_->candidate(u), u, {bins.low, bins.high}));
        ErrorSums sums;
        add_errors(sums, probe_->reference(u), probe_->candidate(u), probe_->declared(u),
                   {.used = samples_, .all = batch_});
        all.sqnr_db.push_back(sqnr_db(sums));
    }
    return all;
}

/// Returns nothing where the candidate cannot be built or its file is damaged.
std::optional<UnitDistributions> Distributions::of_trial(const tune::FinishedTrial& trial) {
    const std::string path = folder_ + "/" + distribution_file_name(trial.trial.value);
    const std::size_t units = inputs_.model.units.size();
    try {
        if (files_->exists(path) && files_->exists(folder_ + "/fp32.h5")) {
            // In a resumed run nothing was measured yet, but the bins of the fp32 model are needed for what comes.
            if (fp32_.values.empty()) {
                fp32_ = read_distribution_file(folder_ + "/fp32.h5", units);
                add_events(*fp32_events_, fp32_, 0);
            }
            return read_distribution_file(path, units);
        }
        const UnitDistributions all = measure(trial.candidate);
        write_distribution_file(path, all);
        return all;
    } catch (const ModelError& error) {
        // A candidate that cannot be built has failed as a trial, too: the user knows already.
        log::debug("tensorboard", "trial {} has no distributions: {}", trial.trial.value, error.what());
    } catch (const DataError& error) {
        // A damaged file costs the picture of one trial, never the run.
        log::warning("tensorboard", "{}; trial {} has no distributions", error.what(), trial.trial.value);
    }
    return std::nullopt;
}

void Distributions::add_events(EventFile& file, const UnitDistributions& distributions, std::int64_t step) {
    for (std::size_t u = 0; u < distributions.values.size(); ++u) {
        const std::string& unit = inputs_.model.units[u].name;
        file.add_distribution(unit + "/output", step, now_s(), distributions.values[u]);
        if (distributions.sqnr_db.empty()) continue;
        // TensorBoard draws no infinity, which stands for a unit without any error.
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
        // Two tags: a bound in the curve of accuracies would look like a good trial.
        if (score->bounds) search_->add_scalar("accuracy_at_most", step, now_s(), score->bounds->high);
    }
    if (progress.best_accuracy) search_->add_scalar("best_accuracy", step, now_s(), *progress.best_accuracy);
    if (progress.latency_ms) search_->add_scalar("latency_ms", step, now_s(), *progress.latency_ms);
    if (const auto all = of_trial(trial)) add_events(*quantized_events_, *all, step);
}

}  // namespace halftone::study
