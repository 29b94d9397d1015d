// The command dump: outputs of units, fp32 and quantized, written by all ranks at once.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <set>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/wire.hpp"
#include "commands.hpp"
#include "kernel/ops/machine.hpp"
#include "ranks.hpp"
#include "setup.hpp"
#include "space/unit_match.hpp"
#include "strategy/model_wise.hpp"
#include "study/dump_work.hpp"
#include "study/study_source.hpp"
#include "version.hpp"

namespace halftone::app {
namespace {

namespace fs = std::filesystem;

/// "20G", "512M", "1000": bytes, in powers of 1024.
std::int64_t parse_bytes(const std::string& text) {
    constexpr std::string_view kSuffixes = "KMGT";
    std::int64_t value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const auto power = suffix.size() == 1 ? kSuffixes.find(suffix[0]) : std::string_view::npos;
    const unsigned shift = suffix.empty() ? 0 : 10 * static_cast<unsigned>(power + 1);
    const bool is_number = error == std::errc() && value >= 1 && (suffix.empty() || power != std::string_view::npos);
    if (!is_number || value > (INT64_MAX >> shift)) {
        throw ConfigError(fmt::format("--max-bytes: '{}' is no number of bytes; write 1000000, 512M or 20G", text));
    }
    return value << shift;
}

std::string bytes_text(std::int64_t bytes) {
    constexpr std::array<const char*, 5> kUnits{"bytes", "KiB", "MiB", "GiB", "TiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
    return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

/// Numbers of the units that the user names.
std::vector<std::size_t> select_units(const DumpOptions& options, const PreparedModel& model) {
    std::set<std::size_t> chosen;
    for (const std::string& pattern : options.units) {
        if (pattern == "all") {
            for (std::size_t u = 0; u < model.units.size(); ++u) chosen.insert(u);
            continue;
        }
        ConstraintRule rule;
        rule.key = pattern;
        rule.key_mark.file = "--units";
        const UnitMatch match = match_units(rule, "units", model.graph, model.units);
        chosen.insert(match.units.begin(), match.units.end());
    }
    return {chosen.begin(), chosen.end()};
}

/// Collective: every rank observes its shards; all get the same ranges.
void calibrate(Communicator& comm, Agreement& agreement, ModelEvaluator& evaluator) {
    const std::int64_t shards = evaluator.shards(JobKind::calibrate);
    WireWriter mine;
    agreement.after([&] {
        Job job;
        job.kind = JobKind::calibrate;
        for (std::int64_t s = comm.rank().value; s < shards; s += comm.size()) {
            mine.put_text(evaluator.run(job, s).payload);
        }
    });
    const auto gathered = comm.gather(RankId{0}, mine.take());
    Bytes merged;
    agreement.after([&] {
        if (comm.rank() != RankId{0}) return;
        std::vector<std::string> payloads(static_cast<std::size_t>(shards));
        for (std::size_t r = 0; r < gathered.size(); ++r) {
            WireReader wire(gathered[r]);
            for (std::size_t s = r; s < payloads.size(); s += gathered.size()) payloads[s] = wire.get_text();
            if (!wire.ok()) throw MpiError("a rank's calibration arrived damaged");
        }
        merged = evaluator.merge_calibration(payloads);
    });
    evaluator.install_calibration(comm.broadcast(RankId{0}, merged));
}

/// The folder's parts of an earlier session, checked; leftovers of killed writers go.
std::vector<std::size_t> missing_parts(const DumpOptions& options, const DumpLayout& layout) {
    std::vector<std::size_t> missing;
    for (std::size_t s = 0; s < layout.shards.size(); ++s) {
        const std::string wrong = check_part(layout, s, options.output);
        if (wrong == "missing") {
            missing.push_back(s);
        } else if (!wrong.empty()) {
            throw DataError("--resume: " + wrong + "; remove it, or choose another --output");
        }
    }
    return missing;
}

bool is_ours(const std::string& name) {
    return name == "index.h5" || (name.starts_with("part-") && name.ends_with(".h5"));
}

/// Rank 0: what is left to write, once the size is shown and allowed. Nothing is created before that.
std::vector<std::size_t> plan_parts(const DumpOptions& options, const study::DumpWork& work) {
    const DumpLayout& layout = work.layout();
    const auto files = make_posix_file_system();
    const bool exists = files->exists(options.output);
    if (exists && !files->is_directory(options.output)) throw IoError("'" + options.output + "' is not a folder");
    std::vector<std::string> names;
    if (exists) names = files->list(options.output);
    const bool has_dump = std::any_of(names.begin(), names.end(), is_ours);
    if (has_dump && !options.resume) {
        throw ConfigError(fmt::format("'{}' holds a dump already; finish it with --resume or choose another --output",
                                      options.output));
    }
    const std::int64_t activations = work.activation_bytes();
    const std::int64_t total = activations + work.weight_bytes();
    fs::path place = fs::absolute(options.output);
    while (!fs::exists(place)) place = place.parent_path();
    const auto available = static_cast<std::int64_t>(fs::space(place).available);
    fmt::print("dump of {} units x {} samples: {} of outputs, {} of weights{}; {} free in {}\n", layout.units.size(),
               layout.samples, bytes_text(activations), bytes_text(work.weight_bytes()),
               layout.gzip > 0 ? " before compression" : "", bytes_text(available), place.string());
    std::fflush(stdout);
    constexpr const char* kHint = "take fewer --samples or fewer --units";
    if (const std::int64_t limit = parse_bytes(options.max_bytes); total > limit) {
        throw ConfigError(fmt::format("the dump takes {} ({} bytes), --max-bytes allows {}: {}, or raise the limit",
                                      bytes_text(total), total, bytes_text(limit), kHint));
    }
    const std::vector<std::size_t> missing = [&] {
        if (has_dump) return missing_parts(options, layout);
        std::vector<std::size_t> all(layout.shards.size());
        for (std::size_t s = 0; s < all.size(); ++s) all[s] = s;
        return all;
    }();
    const std::int64_t needed =
        total / static_cast<std::int64_t>(layout.shards.size()) * static_cast<std::int64_t>(missing.size());
    if (layout.gzip == 0 && needed > available) {
        throw IoError(fmt::format("the dump needs {}, '{}' has {} free: {}", bytes_text(needed), place.string(),
                                  bytes_text(available), kHint));
    }
    files->create_directories(options.output);
    for (const std::string& name : names) {
        if (name.ends_with(".tmp") && is_ours(name.substr(0, name.size() - 4))) fs::remove(options.output + "/" + name);
    }
    return missing;
}

/// Rank r takes every size-th of what is missing. @return whether all of it was written
bool write_parts(Communicator& comm, study::DumpWork& work, const std::vector<std::size_t>& missing,
                 const std::string& folder) {
    for (auto i = static_cast<std::size_t>(comm.rank().value); i < missing.size();
         i += static_cast<std::size_t>(comm.size())) {
        if (stop_requested()) return false;
        work.write_part(missing[i], folder);
        log::debug("dump", "part {} of {} written", missing[i], work.layout().shards.size());
    }
    return true;
}

/// Whether every rank says so.
bool all_agree(Communicator& comm, bool mine) {
    bool all = true;
    for (const Bytes& vote : comm.gather(RankId{0}, Bytes(mine ? "1" : "0"))) all = all && vote == "1";
    return comm.broadcast(RankId{0}, all ? "1" : "0") == "1";
}

void check_options(const DumpOptions& options, const RunConfig& config) {
    (void)parse_bytes(options.max_bytes);
    if (options.samples < 1) throw ConfigError(fmt::format("--samples must be at least 1, not {}", options.samples));
    check_runnable(config);
    if (!config.quantization.calibration)
        throw ConfigError(config.file +
                          ": a dump is of the calibration data, and the section quantization.calibration is missing");
}

/// What --trial names. @throws ConfigError when the run has no such trial or is of another search space
Candidate candidate_of(const std::string& text, const SearchSpace& space) {
    const auto colon = text.rfind(':');
    std::int64_t number = -1;
    const std::string_view digits = colon == std::string::npos ? "" : std::string_view(text).substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) {
        throw ConfigError(fmt::format("--trial: '{}' must be WORKSPACE:N, N the number of a trial", text));
    }
    std::vector<std::string> warnings;
    const study::StudySource source = study::read_study_source(text.substr(0, colon), warnings);
    if (source.header.space != hex16(space.hash())) {
        throw ConfigError(
            fmt::format("--trial: '{}' is of a run with another search space (other model or rules)", text));
    }
    for (const journal::Trial& trial : source.trials) {
        if (trial.trial != number || trial.options.by_unit.empty()) continue;
        return space.make(trial.options.calibration, {trial.options.by_unit.begin(), trial.options.by_unit.end()});
    }
    throw ConfigError(
        fmt::format("--trial: '{}': the run has {} finished trials, counted from 0", text, source.trials.size()));
}

/// Both models, side by side. @param fp32  receives the model that the plan's numbers belong to
std::unique_ptr<study::DumpWork> make_work(const DumpOptions& options, const RunConfig& config, const Workbench& bench,
                                           PreparedModel& fp32) {
    study::DumpContents contents;
    contents.units = select_units(options, fp32);
    contents.samples = options.samples;
    contents.batch = bench.evaluator->batch();
    contents.shards = bench.evaluator->shards_of(options.samples);
    contents.gzip = options.gzip;
    contents.version = HALFTONE_VERSION;
    if (options.plan.empty()) {
        const Candidate candidate = options.trial.empty()
                                        ? model_wise_candidates(*bench.space, config.tuning.model_wise).front()
                                        : candidate_of(options.trial, *bench.space);
        contents.plan = options.trial.empty() ? "the config's first model-wise candidate" : "trial " + options.trial;
        return std::make_unique<study::DumpWork>(*bench.calibration, fp32,
                                                 bench.evaluator->factory().quantized(candidate), contents);
    }
    contents.plan = options.plan;
    const LoadedPlan loaded = read_plan(options.plan, fp32);
    return std::make_unique<study::DumpWork>(*bench.calibration, fp32,
                                             apply_plan(fp32.graph, fp32.units, loaded.plan, loaded.numbers), contents);
}

}  // namespace

int run_dump(const DumpOptions& options, Communicator& comm) {
    const bool is_root = comm.rank() == RankId{0};
    catch_signals();
    Agreement agreement(comm);
    const RunInputs inputs = read_inputs(comm, agreement, options.config, options.overrides,
                                         [&](const RunConfig& config) { check_options(options, config); });
    agreement.after([&] { check_same_isa(comm, isa_name()); });

    RunConfig config;
    std::unique_ptr<Workbench> bench;
    PreparedModel fp32;
    agreement.after([&] {
        config = read_run_config(inputs.config_text, options.config, options.overrides, known_names());
        bench = make_workbench(config, inputs.model_bytes, config.model_path, true);
        fp32 = options.plan.empty() ? bench->model : prepare_model(inputs.model_bytes, config.model_path);
        if (options.samples > bench->calibration->size()) {
            throw ConfigError(fmt::format("--samples asks for {}, the calibration data set has {}", options.samples,
                                          bench->calibration->size()));
        }
    });
    if (options.plan.empty()) calibrate(comm, agreement, *bench->evaluator);
    std::unique_ptr<study::DumpWork> work;
    agreement.after([&] { work = make_work(options, config, *bench, fp32); });

    WireWriter plan;
    agreement.after([&] {
        if (!is_root) return;
        const auto missing = plan_parts(options, *work);
        plan.put_all(std::vector<std::uint64_t>(missing.begin(), missing.end()));
    });
    const Bytes common = comm.broadcast(RankId{0}, plan.take());
    const auto missing = WireReader(common).get_all<std::uint64_t>();
    bool is_done = false;
    agreement.after([&] { is_done = write_parts(comm, *work, {missing.begin(), missing.end()}, options.output); });
    if (!all_agree(comm, is_done)) {
        if (is_root) fmt::print("stopped; finish it with --resume\n");
        return static_cast<int>(ExitCode::interrupted);
    }
    agreement.after([&] {
        if (!is_root) return;
        work->write_index(options.output);
        const std::size_t all = work->layout().shards.size();
        const std::string kept = missing.size() < all ? fmt::format(", {} were there", all - missing.size()) : "";
        fmt::print("{} parts written by {} ranks{}; index in {}/index.h5\n", missing.size(), comm.size(), kept,
                   options.output);
    });
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
