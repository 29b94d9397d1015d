// The rehearsal, part by part:
//
//   compare_hosts      what the ranks found where they are: instruction set, memory, data
//   read_the_config    every mistake of the YAML, and what is left of the config
//   try_machine        instruction set, names that this build does not have, the workspace
//   try_settings       metrics and strategy, as far as their own sections go
//   data, model        try_data and try_model (parts.hpp); sizes of samples decide the model's open dimensions
//   try_fit            do samples feed the model, and do metrics take outputs and targets
//   predict            only where nothing is wrong: one batch of everything is run and timed
//
// The parts come in the order of what they need. A part that fails leaves out only those that need it.
#include "rehearsal/rehearsal.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/budget.hpp"
#include "base/folder_access.hpp"
#include "config/config_faults.hpp"
#include "eval/answers.hpp"
#include "eval/from_config.hpp"
#include "eval/model_feed.hpp"
#include "eval/open_shapes.hpp"
#include "eval/shaped_sessions.hpp"
#include "exec/recipes.hpp"
#include "journal/workspace.hpp"
#include "kernel/ops/machine.hpp"
#include "metric/metric_set.hpp"
#include "rehearsal/parts.hpp"
#include "rehearsal/predict_work.hpp"
#include "space/search_space.hpp"
#include "strategy/assumed_latency.hpp"

namespace halftone {
namespace {

constexpr std::string_view kCalibration = "quantization.calibration";
constexpr std::string_view kEvaluation = "evaluation.accuracy";
/// Scores of a rehearsal are made up; this one is as good as any.
constexpr double kMadeUpBaseline = 1.0;
/// A run writes the model, its plan and its journal; a study and calibration tables come on top.
constexpr std::uint64_t kModelsOnDisk = 3;

class Rehearsing {
public:
    Rehearsing(const RehearsalRequest& request, const RehearsalServices& services, const FileSystem& files,
               const Clock& clock)
        : request_(request),
          services_(services),
          files_(files),
          clock_(clock),
          faults_(request.config_path, request.overrides) {}

    Rehearsal run() {
        result_.isa = isa_name();
        result_.ranks = request_.ranks;
        compare_hosts();
        result_.memory_limit = process_budget().byte_limit();
        if (read_the_config()) {
            // First of all: the number holds for every kernel of this process from now on.
            set_kernel_threads(static_cast<int>(config().tuning.threads));
            try_machine();
            try_settings();
            try_data_and_model();
            if (model_) try_fit();
            if (model_ && faults_.is_empty()) predict();
        }
        result_.faults = faults_.sorted();
        return std::move(result_);
    }

private:
    /// What is left of the config after reading; never asked for before read_the_config() has said that there is one.
    [[nodiscard]] const RunConfig& config() const { return *reading_.config; }

    /// One limit for all ranks, as in a run: a candidate that is too large for one of them fails on every one.
    void compare_hosts() {
        if (request_.rank_facts.empty()) return;
        compare_ranks(request_.rank_facts, faults_);
        result_.hosts = hosts_text(request_.rank_facts);
        std::uint64_t smallest = process_budget().byte_limit();
        for (const RankFacts& rank : request_.rank_facts) smallest = std::min(smallest, rank.memory_limit);
        process_budget().set_byte_limit(smallest);
    }

    bool read_the_config() {
        std::string text;
        if (!faults_.try_part(FaultKind::files, request_.config_path, [&] { text = services_.read_config(); }))
            return false;
        reading_ = read_run_config_tolerantly(text, request_.config_path, request_.overrides, services_.known);
        for (const PlacedMessage& fault : reading_.faults) add_config_fault(fault);
        if (!reading_.config) return false;
        for (const std::string& note : config().not_available)
            add_config_fault(split_place(note, request_.config_path, request_.overrides));
        return true;
    }

    /// Faults of the schema come without an exception, one by one.
    void add_config_fault(const PlacedMessage& fault) {
        faults_.add({.kind = FaultKind::config,
                     .code = ExitCode::usage,
                     .where = fault.where,
                     .what = fault.what,
                     .is_sentence = fault.is_sentence});
    }

    /// The checks that need neither model nor data.
    void try_machine() {
        static_cast<void>(
            faults_.try_part(FaultKind::config, "cluster.isa", [&] { services_.check_machine(config()); }));
        static_cast<void>(faults_.try_part(FaultKind::files, "workspace", [&] {
            const std::string folder = services_.workspace(config());
            journal::check_workspace(files_, folder, request_.resume);
            check_writable(folder);
            workspace_ = folder;
        }));
    }

    /// Metrics, postprocesses and strategy each alone: what is wrong with one does not hide another.
    void try_settings() {
        result_.strategy = config().tuning.strategy.name;
        if (!config().evaluation || reading_.is_replaced("evaluation.accuracy.metric")) return;
        MetricFacts facts{.is_relative = config().tuning.criterion.is_relative, .loss = config().tuning.criterion.loss};
        bool are_good = true;
        for (const MetricConfig& metric : config().evaluation->metrics) {
            facts.names.push_back(metric.plugin.name);
            // A set of one: the constructor of all would stop at the first that is wrong.
            EvaluationConfig alone = *config().evaluation;
            alone.metrics = {metric};
            alone.postprocess = {};
            alone.is_weighted = false;
            are_good &=
                is_known(metric.plugin.name) &&
                faults_.try_part(FaultKind::config, place_of(metric.plugin.node), [&] { MetricSet set(alone); });
        }
        for (const PluginConfig& step : config().evaluation->postprocess) {
            are_good &=
                faults_.try_part(FaultKind::config, place_of(step.node), [&] { PostprocessChain chain({step}); });
        }
        if (are_good) metrics_are_good_ = true;
        result_.metric = std::move(facts);
    }

    /// A metric of LPOT's that this build has not was noted when the config was read.
    [[nodiscard]] bool is_known(const std::string& metric) const {
        const auto& words = services_.known.metrics;
        return std::find(words.begin(), words.end(), metric) != words.end();
    }

    /// Data first: the size of samples decides dimensions that the model leaves open.
    void try_data_and_model() {
        bool has_data = true;
        // Dynamic quantization calibrates nothing; its probes and latencies then read the evaluation data.
        const DataloaderConfig* calibration = calibration_data(config());
        const bool is_own = config().quantization.calibration.has_value();
        if (calibration != nullptr) {
            result_.calibration.emplace();
            calibration_ = try_section(*calibration, is_own ? kCalibration : kEvaluation, *result_.calibration);
            has_data = has_data && calibration_ != nullptr;
        } else if (config().not_available.empty()) {
            add_config_fault({.where = request_.config_path + " " + std::string(kCalibration) + ".dataloader",
                              .what = "is missing: " + std::string(kSearchNeedsData),
                              .is_sentence = true});
        }
        if (config().evaluation) {
            result_.evaluation.emplace();
            evaluation_ = try_section(config().evaluation->dataloader, kEvaluation, *result_.evaluation);
            has_data = has_data && evaluation_ != nullptr;
        }
        count_samples();
        if (config().model_path.empty()) {
            add_config_fault(
                {.where = request_.config_path + " model.path", .what = "is missing", .is_sentence = true});
            return;
        }
        SharedBytes bytes;
        const std::string place = config().model_path_mark.to_text() + " model.path";
        if (!faults_.try_part(FaultKind::model, place, [&] { bytes = services_.read_model(config()); })) return;
        result_.model.emplace();
        const InputSizes sizes = input_sizes(config(), calibration_.get(), evaluation_.get());
        model_ = rehearsal::try_model(config(), bytes, sizes, has_data, faults_, *result_.model);
        try_room(bytes.size());
    }

    std::unique_ptr<Pipeline> try_section(const DataloaderConfig& dataloader, std::string_view section,
                                          DataFacts& facts) {
        const std::string path(section);
        return rehearsal::try_data(dataloader, path, reading_.is_replaced(path + ".dataloader.dataset"), faults_,
                                   facts);
    }

    /// How many samples of each data set the run uses.
    void count_samples() {
        if (calibration_) {
            const auto& sizes = config().quantization.sampling_sizes;
            const std::int64_t most = *std::max_element(sizes.begin(), sizes.end());
            result_.calibration->samples = std::min(most, calibration_->size());
        }
        if (evaluation_) {
            const std::int64_t limit = evaluation_setup(config()).samples;
            const std::int64_t all = evaluation_->size();
            result_.evaluation->samples = limit < 0 ? all : std::min(all, limit);
        }
    }

    /// A disk that is full is seen before an hour of work, not after it.
    void try_room(std::uint64_t model_bytes) {
        if (workspace_.empty()) return;
        static_cast<void>(faults_.try_part(FaultKind::files, "workspace", [&] {
            const FreeSpace room = free_space_for(workspace_);
            if (room.bytes < kModelsOnDisk * model_bytes)
                throw IoError("only " + std::to_string(room.bytes) + " bytes are free in " + room.folder +
                              ", where the results are to be written");
        }));
    }

    /// What only the model can show: whether samples feed it, whether metrics take its outputs, whether rules name
    /// units.
    void try_fit() {
        static_cast<void>(faults_.try_part(FaultKind::model, "quantization.recipes", [&] {
            static_cast<void>(find_recipes(*model_, recipe_request(config().quantization)));
        }));
        std::vector<const Schema*> schemas;
        for (const Pipeline* data : {calibration_.get(), evaluation_.get()}) {
            if (data != nullptr) schemas.push_back(&data->schema());
        }
        std::int64_t batch = config().tuning.batch_size;
        if (!schemas.empty()) batch = executor_batch(model_->graph, schemas, batch);
        try_feed(calibration_.get(), evaluation_.get(), kCalibration, batch);
        try_feed(evaluation_.get(), calibration_.get(), kEvaluation, batch);
        if (evaluation_ && metrics_are_good_) {
            static_cast<void>(faults_.try_part(FaultKind::config, std::string(kEvaluation), [&] {
                const OpenShapes open(model_->graph, *evaluation_, fields_of(model_->graph, evaluation_->schema()));
                MetricSet(*config().evaluation)
                    .bind(scored_outputs(model_->graph, batch, open).fields, evaluation_->schema().targets);
            }));
        }
        static_cast<void>(faults_.try_part(FaultKind::config, "quantization", [&] { make_space(); }));
        if (space_) {
            static_cast<void>(faults_.try_part(FaultKind::config, "tuning.strategy",
                                               [&] { bound_of_strategy_ = strategy()->most_trials_left(); }));
        }
    }

    /// Whether samples of a section have the names, shapes and types that the model takes. Where a size differs from
    /// sample to sample, the first sample shows whether it can be right at all.
    /// @param other  the data set of the other section, if there is one
    void try_feed(const Pipeline* data, const Pipeline* other, std::string_view section, std::int64_t batch) {
        if (data == nullptr) return;
        const std::string place = place_of_section(std::string(section) + ".dataloader");
        InputFields fields;
        const bool fits = faults_.try_part(FaultKind::config, place, [&] {
            fields = fitting_fields(model_->graph, data->schema(), batch, std::string(section),
                                    feed_rules(model_->graph, *data, other));
        });
        if (!fits || data->skips_bad_samples()) return;
        static_cast<void>(faults_.try_part(FaultKind::data, place, [&] {
            const Sample sample = data->read(0);
            // At the sample's own sizes: the graph is bound to those of a typical one.
            const OpenShapes open(model_->graph, *data, fields);
            check_sample(sample, fields, at_shapes(model_->graph, open.of(sample)));
        }));
    }

    /// The place of a section of the config, "c.yaml:12:3 evaluation.accuracy.dataloader".
    [[nodiscard]] std::string place_of_section(const std::string& path) const {
        const DataloaderConfig& dataloader =
            path.starts_with(kEvaluation) ? config().evaluation->dataloader : *calibration_data(config());
        return dataloader.dataset.node.key_mark.to_text() + " " + path;
    }

    /// In the order of a run: what `auto` is here, then the sizes that the data can give, then the rules.
    void make_space() {
        QuantizationConfig quantization = resolve_preparations(resolve_auto(config().quantization), *model_);
        if (calibration_) quantization = limit_sampling_sizes(quantization, calibration_->size());
        space_.emplace(
            build_space(model_->graph, model_->units, capability_table(*model_, quantization), quantization));
        result_.model->space_size = space_->size_text();
        for (const Decision& decision : space_->decisions())
            result_.model->quantizable += decision.has_quantized() ? 1 : 0;
    }

    /// A new strategy with a table of assumed latencies, until the real one is measured.
    std::unique_ptr<Strategy> strategy() {
        if (!table_) table_ = assumed_latency(*space_);
        return services_.make_strategy(config(), *space_, Goal(config().tuning.criterion, kMadeUpBaseline),
                                       kMadeUpBaseline, [this]() -> const LatencyTable& {
                                           asks_for_latency_ = true;
                                           return *table_;
                                       });
    }

    void predict() {
        static_cast<void>(faults_.try_part(FaultKind::data, "", [&] {
            // The talk comes first: it says whether probes and the latency table have to be timed.
            StrategyTalks talks;
            if (evaluation_) talks = talk();
            const bool has_probes = talks.none_passes.probes + talks.some_pass.probes + talks.all_pass.probes > 0;
            const MeasuredWork measured = measure_work({.config = &config(),
                                                        .model = &*model_,
                                                        .calibration = calibration_.get(),
                                                        .evaluation = evaluation_.get(),
                                                        .probes = has_probes,
                                                        .latency_table = asks_for_latency_ && evaluation_ != nullptr},
                                                       clock_);
            // Which trials a strategy asks for when the goal is met depends on what 8 bits gain on this machine, and on
            // whether the model needs a preparation.
            if (measured.table) table_ = measured.table;
            if (evaluation_) talks = talk(measured.chances && measured.chances->is_easy);
            result_.work = predict_work(measured, run_size(), talks);
        }));
    }

    /// What the run has to do, in numbers.
    [[nodiscard]] RunSize run_size() const {
        RunSize size;
        size.calibration_samples = result_.calibration->samples;
        const auto& indices = space_->calibration_sizes();  // a size occurs once for each preparation
        size.calibrations = static_cast<std::int64_t>(std::set<std::int64_t>(indices.begin(), indices.end()).size());
        size.evaluation_samples = result_.evaluation ? result_.evaluation->samples : 0;
        size.workers = std::max(1, request_.ranks - 1);  // rank 0 leads; alone it does everything
        size.early_termination = config().tuning.early_termination;
        size.timeout_s = config().tuning.timeout_s;
        // A strategy never asks for the same candidate twice, so the space bounds it, too.
        size.max_trials = config().tuning.performance_only ? 1 : config().tuning.max_trials;
        if (space_->size() < static_cast<long double>(size.max_trials))
            size.max_trials = static_cast<std::int64_t>(space_->size());
        if (const auto most = bound_of_strategy_) size.max_trials = std::min(size.max_trials, *most);
        return size;
    }

    /// In the middle world a fifth of the units must stay in high precision: about what hard models of the benchmarks
    /// need (docs/strategies.md).
    /// @param is_easy  in the world in which every candidate passes, they pass without a preparation, too
    StrategyTalks talk(bool is_easy = false) {
        constexpr double kSome = 0.2;
        constexpr double kNone = 2;
        const TalkLimits limits{.max_trials = run_size().max_trials,
                                .goes_on_after_pass = config().tuning.timeout_s > 0};
        const Goal goal(config().tuning.criterion, kMadeUpBaseline);
        const auto talk = [&](const TalkScenario& scenario) {
            return talk_with_strategy([&] { return strategy(); }, *space_, goal, scenario, limits, clock_);
        };
        return {.all_pass = talk({.least_high_precision = 0, .is_easy = is_easy}),
                .some_pass = talk({.least_high_precision = kSome}),
                .none_passes = talk({.least_high_precision = kNone})};
    }

    const RehearsalRequest& request_;
    const RehearsalServices& services_;
    const FileSystem& files_;
    const Clock& clock_;
    FaultList faults_;
    Rehearsal result_;
    TolerantReading reading_;
    std::string workspace_;  ///< where the run would write; empty where it cannot
    bool metrics_are_good_ = false;
    std::unique_ptr<Pipeline> calibration_, evaluation_;  ///< null where there is none, or where it is wrong
    std::optional<PreparedModel> model_;
    std::optional<SearchSpace> space_;
    std::optional<LatencyTable> table_;
    bool asks_for_latency_ = false;                  ///< some strategy that was made asked for the table
    std::optional<std::int64_t> bound_of_strategy_;  ///< nothing where the strategy cannot say
};

}  // namespace

Rehearsal rehearse(const RehearsalRequest& request, const RehearsalServices& services, const FileSystem& files,
                   const Clock& clock) {
    return Rehearsing(request, services, files, clock).run();
}

int exit_code_of(const Rehearsal& rehearsal) {
    return static_cast<int>(rehearsal.faults.empty() ? ExitCode::ok : rehearsal.faults.front().code);
}

}  // namespace halftone
