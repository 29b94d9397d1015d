#include "tune/earlier.hpp"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "base/error.hpp"

namespace halftone::tune {
namespace {

struct Sorter {
    Earlier& earlier;

    void operator()(const journal::Trial& trial) {
        if (std::cmp_not_equal(trial.trial, earlier.trials.size())) {
            throw IoError(fmt::format("the journal has trial {} where trial {} belongs; choose another --workspace",
                                      trial.trial, earlier.trials.size()));
        }
        earlier.trials.emplace(trial.trial, trial);
        earlier.elapsed_s = static_cast<double>(trial.elapsed_ms) / 1000.0;
    }
    void operator()(const journal::Partial& partial) { earlier.partials[partial.of] = partial; }
    void operator()(const journal::Sensitivity& probe) { earlier.probes[probe.probe] = probe; }
    void operator()(const journal::Completion& completion) { earlier.completions[completion.of] = completion; }
    void operator()(const journal::Baseline& baseline) { earlier.baseline = baseline; }
    void operator()(const journal::Difficulty& difficulty) { earlier.difficulty = difficulty; }
    void operator()(const journal::LatencyTable& table) { earlier.latency = table; }
    void operator()(const journal::Finalists& finalists) { earlier.finalists = finalists; }
    void operator()(const journal::End& end) {
        earlier.end = end;
        earlier.elapsed_s = static_cast<double>(end.elapsed_ms) / 1000.0;
    }
    void operator()(const journal::Header&) {}
    void operator()(const journal::Resume&) {}
};

}  // namespace

Earlier sort_records(const std::vector<journal::Record>& records) {
    Earlier earlier;
    for (const journal::Record& record : records) std::visit(Sorter{earlier}, record);
    return earlier;
}

}  // namespace halftone::tune
