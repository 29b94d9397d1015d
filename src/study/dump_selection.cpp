// Names that a user writes on the command line, looked up in the model (select_units) and in an earlier run's journal
// (candidate_of_trial).
#include "study/dump_selection.hpp"

#include <fmt/format.h>

#include <charconv>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/run_config.hpp"
#include "space/unit_match.hpp"
#include "study/study_source.hpp"

namespace halftone::study {

namespace {

/// Returns the candidate that a journal's record names. The hash of the space fits, but the numbers are input all the
/// same: somebody may have edited the file. @throws ConfigError citing `text`
Candidate candidate_of(const journal::CandidateOptions& options, const SearchSpace& space, const std::string& text) {
    const auto is_index = [](std::int64_t number, std::size_t size) {
        return number >= 0 && std::cmp_less(number, size);
    };
    bool fits = is_index(options.calibration, space.calibration_sizes().size()) &&
                options.by_unit.size() == space.decisions().size();
    std::vector<std::uint16_t> choice;
    for (std::size_t d = 0; fits && d < options.by_unit.size(); ++d) {
        fits = is_index(options.by_unit[d], space.decisions()[d].options.size());
        choice.push_back(static_cast<std::uint16_t>(options.by_unit[d]));
    }
    if (!fits)
        throw ConfigError(fmt::format("--trial: '{}': its record names options that the run does not have", text));
    return space.make(options.calibration, std::move(choice));
}

}  // namespace

std::vector<std::size_t> select_units(const std::vector<std::string>& patterns, const PreparedModel& model) {
    std::set<std::size_t> chosen;
    for (const std::string& pattern : patterns) {
        if (pattern == "all") {
            for (std::size_t u = 0; u < model.units.size(); ++u) chosen.insert(u);
            continue;
        }
        // A pattern is read as the key of an op_wise rule, so that the command line and the config match names alike.
        ConstraintRule rule;
        rule.key = pattern;
        rule.key_mark.file = "--units";
        const UnitMatch match = match_units(rule, "units", model.graph, model.units);
        chosen.insert(match.units.begin(), match.units.end());
    }
    return {chosen.begin(), chosen.end()};
}

Candidate candidate_of_trial(const std::string& text, const SearchSpace& space) {
    // The last colon separates, because a folder's name may contain colons, too.
    const auto colon = text.rfind(':');
    std::int64_t number = -1;
    const std::string_view digits = colon == std::string::npos ? "" : std::string_view(text).substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) {
        throw ConfigError(fmt::format("--trial: '{}' must be WORKSPACE:N, N the number of a trial", text));
    }
    std::vector<std::string> warnings;
    const StudySource source = read_study_source(text.substr(0, colon), warnings);
    // Option numbers mean something only in the space that they were recorded in.
    if (source.header.space != hex16(space.hash())) {
        throw ConfigError(
            fmt::format("--trial: '{}' is of a run with another search space (other model or rules)", text));
    }
    for (const journal::Trial& trial : source.trials) {
        // Journals of old versions did not record the options of a trial.
        if (trial.trial != number || trial.options.by_unit.empty()) continue;
        return candidate_of(trial.options, space, text);
    }
    throw ConfigError(
        fmt::format("--trial: '{}': the run has {} finished trials, counted from 0", text, source.trials.size()));
}

}  // namespace halftone::study
