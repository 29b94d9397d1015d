#include "tune/preparation.hpp"

#include <string>
#include <utility>

#include "base/error.hpp"
#include "tune/records.hpp"

namespace halftone::tune {
namespace {

void install_calibration(const RunContext& run, const FinishedJob& job) {
    std::string merged = run.evaluator.merge_calibration(job.payloads);
    run.evaluator.install_calibration(merged);
    run.dispatcher.set_calibration(std::move(merged));
    run.listener.on_calibration();
}

// What fp32 got wrong is journaled before the baseline: a journal that has the baseline then has both, and a resumed
// run ends trials early just as this one does.
void journal_baseline(const RunContext& run, const FinishedJob& job) {
    if (run.settings.early_termination) {
        journal::Difficulty difficulty{run.evaluator.merge_difficulty(job.payloads)};
        if (!difficulty.samples.empty()) {
            run.services.journal().append(difficulty);
            run.history.difficulty = std::move(difficulty);
        }
    }
    // The loss of every trial is paired with them, also in a later session.
    if (const Judgements judgements = run.evaluator.merge_judgements(job.payloads); !judgements.empty()) {
        const journal::Judgements journaled = to_record(judgements);
        run.services.journal().append(journaled);
        run.history.judgements = journaled;
    }
    const journal::Baseline record{to_record(job, job, run.evaluator)};
    run.services.journal().append(record);
    run.history.baseline = record;
}

}  // namespace

bool prepare(const RunContext& run, StopConditions& stop) {
    Job calibrate;
    calibrate.kind = JobKind::calibrate;
    (void)run.dispatcher.submit(calibrate);
    if (!run.history.baseline && !run.settings.calibrate_only) {
        Job baseline;
        baseline.kind = JobKind::baseline;
        (void)run.dispatcher.submit(baseline);
    }
    while (run.dispatcher.unfinished() > 0) {
        if (stop.is_stop_requested()) {
            stop.interrupt();
            return false;
        }
        const auto finished = run.dispatcher.step(kStepWait);
        run.listener.on_work(run.dispatcher.work(stop.elapsed_s()));
        if (!finished) continue;
        if (!finished->failure.empty()) throw ModelError(finished->failure);  // fp32 itself cannot run
        if (finished->job.kind == JobKind::calibrate) {
            install_calibration(run, *finished);
        } else {
            journal_baseline(run, *finished);
        }
    }
    return true;
}

}  // namespace halftone::tune
