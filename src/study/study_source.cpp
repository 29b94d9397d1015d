// Reads a run's folder, which may be written at the same time.
//
//   read_study_source   trials.jsonl first, which must be whole but for its last line; RecordSorter takes each record
//   read_files          then the other files; they are replaced as wholes, so each is its old or its new self
//   read_facts          study.json, with unit_of and option_of; name_units stands in where it is missing or damaged
//
// Below them are the questions that a StudySource answers from what was read: goal_limit, result, delivered, option.
#include "study/study_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/text.hpp"
#include "journal/journal.hpp"
#include "plan/plan_document.hpp"
#include "trial/trial.hpp"

namespace halftone::study {
namespace {

using Json = nlohmann::ordered_json;

/// Puts each record of the journal where it belongs. Later records of one kind replace earlier ones: a resumed run
/// measures its latency table and finalists again.
struct RecordSorter {
    StudySource& source;
    /// The end that an earlier session wrote. A session that finds nothing to do writes no second one, so it stands
    /// until a record shows that the search went on.
    std::optional<journal::End> earlier_end{};

    void operator()(const journal::Header& header) { source.header = header; }
    void operator()(const journal::Baseline& baseline) { source.baseline = baseline; }
    void operator()(const journal::Trial& trial) {
        earlier_end.reset();
        source.trials.push_back(trial);
    }
    void operator()(const journal::Sensitivity& probe) {
        earlier_end.reset();
        source.sensitivities.push_back(probe);
    }
    void operator()(const journal::LatencyTable& table) { source.latency = table; }
    void operator()(const journal::Finalists& finalists) { source.finalists = finalists; }
    void operator()(const journal::Completion& completion) {
        earlier_end.reset();
        source.completed[completion.of] = completion.result;
    }
    void operator()(const journal::End& end) { source.end = end; }
    void operator()(const journal::Resume&) {
        ++source.sessions;
        if (source.end) earlier_end = std::exchange(source.end, std::nullopt);
    }
    // A partial result becomes a trial later; the difficulty of samples only decides their order, and judgements only
    // serve to compute losses.
    void operator()(const journal::Partial&) { earlier_end.reset(); }
    void operator()(const journal::Difficulty&) {}
    void operator()(const journal::Judgements&) {}
};

// The functions below read study.json for read_study_facts. They throw Json::exception where a key is missing or of
// another type, and DataError for a number that does not fit.

/// The library's own conversion would cut fractions off and wrap what needs more than 63 bits.
std::int64_t integer_at(const Json& json, const char* key) {
    const Json& value = json.at(key);
    const bool fits = value.is_number_unsigned() ? std::in_range<std::int64_t>(value.get<std::uint64_t>())
                                                 : value.is_number_integer();
    if (!fits) throw DataError(fmt::format("'{}' is no integer of 64 bits", key));
    return value.get<std::int64_t>();
}

OptionFacts option_of(const Json& json) {
    const Json& a = json.at("activation");
    const Json& w = json.at("weight");
    return {.activation_dtype = a.at("dtype"),
            .activation_scheme = a.value("scheme", ""),
            .activation_granularity = a.value("granularity", ""),
            .activation_algorithm = a.value("algorithm", ""),
            .weight_dtype = w.at("dtype"),
            .weight_scheme = w.value("scheme", ""),
            .weight_granularity = w.value("granularity", ""),
            .weight_algorithm = w.value("algorithm", ""),
            .weight_bit = w.value("bit", 0.0),
            .weight_group_size = w.contains("group_size") ? integer_at(w, "group_size") : 0,
            .weight_bytes = integer_at(json, "weight_bytes")};
}

UnitFacts unit_of(const Json& json) {
    UnitFacts unit{.name = json.at("name"),
                   .op = json.at("op"),
                   .output = json.at("output"),
                   .nodes = json.at("nodes"),
                   .options = {},
                   .refused = {}};
    for (const Json& option : json.at("options")) unit.options.push_back(option_of(option));
    for (const Json& refusal : json.at("refused")) {
        // One text for a table's cell.
        unit.refused += fmt::format("{}{}: {}", unit.refused.empty() ? "" : "; ",
                                    refusal.at("dtype").get<std::string>(), refusal.at("why").get<std::string>());
    }
    return unit;
}

void read_facts(const Json& json, StudySource& source) {
    source.version = json.at("version");
    source.git = json.at("git");
    source.command = json.at("command");
    source.directory = json.at("directory");
    source.ranks = integer_at(json, "ranks");
    source.threads = integer_at(json, "threads");
    // Kept as text: study.h5 has one attribute for all libraries, whichever there are.
    source.libraries = json.at("libraries").dump();
    source.model_path = json.at("model_path");
    source.model_bytes = integer_at(json, "model_bytes");
    source.max_trials = integer_at(json, "max_trials");
    source.metric = json.at("metric");
    source.config_text = json.at("config");
    const Json& goal = json.at("goal");
    source.is_relative = goal.at("kind") == "relative";
    source.loss = goal.at("loss");
    source.higher_is_better = goal.at("higher_is_better");
    for (const Json& variant : json.at("calibration")) {
        source.calibration_sizes.push_back(integer_at(variant, "samples"));
    }
    for (const Json& unit : json.at("units")) source.units.push_back(unit_of(unit));
    source.has_facts = true;
}

/// Without study.json only those units are known that the journal names: units that were probed or that fell back.
void name_units(StudySource& source) {
    std::set<std::string> known;
    // An empty name stands for the model's output, which is no unit.
    const auto add = [&](const std::string& name) {
        if (!name.empty() && known.insert(name).second)
            source.units.push_back({.name = name, .op = "", .output = "", .nodes = {}, .options = {}, .refused = {}});
    };
    for (const auto& probe : source.sensitivities) {
        for (const auto& value : probe.values) add(value.unit);
    }
    for (const auto& trial : source.trials) {
        for (const auto& change : trial.changed) add(change.unit);
    }
}

/// Of a run that was killed the file may be left; it says nothing any more.
void read_progress_of(const FileSystem& files, StudySource& source, std::vector<std::string>& warnings) {
    const std::string path = source.folder + "/progress.json";
    if (!source.is_running || !files.exists(path)) return;
    try {
        source.progress = read_progress(files.read(path));
        source.progress_age_s = std::max(0.0, seconds(SystemClock().unix_time()) - source.progress->written_s);
    } catch (const DataError& error) {
        warnings.push_back(fmt::format("{}: damaged ({}); the time left is unknown", path, error.what()));
    } catch (const IoError&) {
        // The run ended in this moment and removed it.
    }
}

/// Of a run that was resumed after its end, run.yaml is still that of the earlier session.
void read_verdict(const FileSystem& files, StudySource& source, std::vector<std::string>& warnings) {
    const std::string path = source.folder + "/run.yaml";
    if (!source.end || !files.exists(path)) return;
    try {
        const ConfigNode run = parse_yaml(files.read(path), path);
        const ConfigNode* verdict = run.find("verdict");
        if (verdict != nullptr && verdict->kind == ConfigNode::Kind::scalar) source.verdict = verdict->scalar;
    } catch (const ConfigError& error) {
        warnings.push_back(fmt::format("{}; the verdict is left out", error.what()));
    }
}

/// Reads what stands beside the journal. None of it is needed: what is missing or damaged is left out.
void read_files(const FileSystem& files, StudySource& source, std::vector<std::string>& warnings) {
    const std::string facts = source.folder + "/study.json";
    try {
        if (files.exists(facts)) read_study_facts(files.read(facts), source);
    } catch (const DataError& error) {
        warnings.push_back(fmt::format("{}: damaged ({}); units and config are left out", facts, error.what()));
        // What was read before the fault may be half of a list.
        source.units.clear();
        source.calibration_sizes.clear();
    }
    // Also after damage: some names are better than none.
    if (!source.has_facts) name_units(source);
    read_progress_of(files, source, warnings);
    read_verdict(files, source, warnings);
    const std::string calibration = source.folder + "/calibration.h5";
    if (files.exists(calibration)) source.calibration_file = calibration;
    const std::string plan = source.folder + "/best.yaml";
    if (!files.exists(plan)) return;
    try {
        source.plan_text = files.read(plan);
        source.plan = parse_yaml(source.plan_text, plan, kPlanLimits);
    } catch (const ConfigError& error) {
        warnings.push_back(fmt::format("{}; the delivered plan is left out", error.what()));
        source.plan_text.clear();
    }
}

}  // namespace

void read_study_facts(const std::string& text, StudySource& source) {
    try {
        read_facts(Json::parse(text), source);
    } catch (const Json::exception& error) {
        throw DataError(error.what());
    }
}

double StudySource::goal_limit() const {
    // The limit is the baseline minus the allowed loss, and study.json knows what is allowed.
    if (!baseline || !has_facts) return std::nan("");
    return Goal({.is_relative = is_relative, .loss = loss, .higher_is_better = higher_is_better},
                baseline->result.score.accuracy)
        .target();
}

const journal::TrialResult& StudySource::result(const journal::Trial& trial) const {
    const auto full = completed.find(trial.trial);
    return full == completed.end() ? trial.result : full->second;
}

std::int64_t StudySource::delivered() const {
    if (end) return end->best;
    // While a run goes on, best.yaml says which trial it is of.
    const ConfigNode* trial = plan ? plan->find("trial") : nullptr;
    if (trial == nullptr || trial->kind != ConfigNode::Kind::scalar) return -1;
    return parse_int(trial->scalar).value_or(-1);
}

const OptionFacts* StudySource::option(const journal::CandidateOptions& choice, std::size_t unit) const {
    // A study.json of another model would have fewer units or options: out of range means unknown, never a crash.
    if (unit >= choice.by_unit.size()) return nullptr;
    const std::int64_t option = choice.by_unit[unit];
    if (option < 0 || std::cmp_greater_equal(option, units[unit].options.size())) return nullptr;
    return &units[unit].options[static_cast<std::size_t>(option)];
}

StudySource read_study_source(const std::string& folder, std::vector<std::string>& warnings) {
    const auto files = make_posix_file_system();
    StudySource source;
    source.folder = folder;
    const std::string path = folder + "/trials.jsonl";
    // The command report takes dumps, too, hence the second half of the message.
    if (!files->exists(path)) {
        throw IoError(fmt::format("'{}' holds neither a run (trials.jsonl) nor a dump (index.h5)", folder));
    }
    const journal::Replay replay = journal::read_journal(*files, path);
    if (replay.records.empty() || !std::holds_alternative<journal::Header>(replay.records.front())) {
        throw IoError(fmt::format("{}: the first record is no header", path));
    }
    if (replay.dropped_bytes > 0) {
        warnings.push_back(fmt::format("{}: its last line is unfinished ({})", path, replay.why_dropped));
    }
    RecordSorter sorter{source};
    for (const journal::Record& record : replay.records) std::visit(sorter, record);
    if (const std::string fault = journal::sequence_fault(replay.records); !fault.empty()) {
        warnings.push_back(fmt::format(
            "{}:{}; the file was changed after the run, and what is shown is not what happened", path, fault));
    }
    // Whoever holds the lock writes the journal. Ours is released at the end of this line.
    source.is_running = files->try_lock(path) == nullptr;
    if (!source.end && !source.is_running) source.end = sorter.earlier_end;
    read_files(*files, source, warnings);
    return source;
}

}  // namespace halftone::study
