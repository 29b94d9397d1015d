// run_coordinator: the phases of a run on rank 0, in order. prepare: calibration and baseline; Search: the talk with
// the strategy; Finish: completion, finalists, end. Whatever happens, the workers are told to stop before it returns.
#include "base/check.hpp"
#include "tune/finish.hpp"
#include "tune/preparation.hpp"
#include "tune/run_context.hpp"
#include "tune/search.hpp"
#include "tune/stop_conditions.hpp"

namespace halftone::tune {
namespace {

RunResult run_phases(const RunContext& run, StopConditions& stop) {
    RunResult result;
    const bool is_prepared = prepare(run, stop);
    if (!is_prepared || run.settings.calibrate_only) {
        result.reason = stop.reason().value_or(EndReason::exhausted);
        return result;
    }
    Search search(run, stop, result);
    search.run();
    Finish(run, stop, search, result).run();
    return result;
}

}  // namespace

LatencyTable RunServices::measure_latency() { HALFTONE_CHECK(false, "services that say they can measure latency do"); }

RunResult run_coordinator(Communicator& comm, Evaluator& evaluator, const RunSettings& settings, RunServices& services,
                          Listener& listener, const std::vector<journal::Record>& replay) {
    Dispatcher dispatcher(comm, evaluator);
    try {
        JournalHistory history = sort_records(replay);
        StopConditions stop(settings, services, history.elapsed_s);
        RunResult result = run_phases({settings, services, listener, evaluator, dispatcher, history}, stop);
        dispatcher.stop_workers();
        return result;
    } catch (...) {
        // Workers wait for messages: without a Stop, they and the program would never end.
        dispatcher.stop_workers();
        throw;
    }
}

}  // namespace halftone::tune
