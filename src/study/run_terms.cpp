#include "study/run_terms.hpp"

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone::study {

RunIdentity identity_of(const Workbench& bench, const std::string& version) {
    RunIdentity identity{.version = version,
                         .isa = isa_name(),
                         .model = bench.model.hash,
                         .data = {bench.calibration->identity_hash()},
                         .space = bench.space->hash()};
    if (bench.evaluation) identity.data.push_back(bench.evaluation->identity_hash());
    return identity;
}

journal::Header run_header(const RunConfig& config, const RunIdentity& identity) {
    journal::Header header;
    header.version = identity.version;
    header.strategy = config.tuning.strategy.name;
    header.seed = config.tuning.random_seed;
    header.isa = identity.isa;
    header.config = hex16(config.identity_hash());
    header.model = hex16(identity.model);
    Hasher data;
    for (const std::uint64_t hash : identity.data) data.add(hash);
    header.data = hex16(data.digest());
    header.space = hex16(identity.space);
    return header;
}

tune::RunSettings run_settings(const RunConfig& config) {
    tune::RunSettings settings;
    settings.criterion = config.tuning.criterion;
    if (config.evaluation) {
        for (const MetricConfig& metric : config.evaluation->metrics) {
            if (metric.limit) settings.limits.push_back({metric.plugin.name, *metric.limit});
        }
    }
    settings.timeout_s = config.tuning.timeout_s;
    settings.max_trials = config.tuning.performance_only ? 1 : config.tuning.max_trials;
    settings.calibrate_only = !config.evaluation.has_value();
    settings.early_termination = config.tuning.early_termination;
    settings.prefix_reuse = config.tuning.prefix_reuse;
    settings.finalists = config.tuning.finalists;
    settings.objective = config.tuning.objective;
    settings.objective_unmet = config.tuning.objective_unmet;
    return settings;
}

int exit_code_of(const tune::RunResult& result, const RunConfig& config) {
    // A stopped run is no failed one: --resume goes on, also where nothing has met the goal yet.
    if (result.reason == tune::EndReason::interrupted) return static_cast<int>(ExitCode::interrupted);
    const bool is_too_slow = result.speed && !result.speed->is_faster;
    if (is_too_slow && config.tuning.objective_unmet == ObjectiveUnmet::fail)
        return static_cast<int>(ExitCode::goal_missed);
    if (!config.evaluation || config.tuning.performance_only || result.is_goal_met)
        return static_cast<int>(ExitCode::ok);
    return static_cast<int>(ExitCode::goal_missed);
}

}  // namespace halftone::study
