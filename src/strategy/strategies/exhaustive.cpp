// exhaustive: every candidate of the space once, in the space's own order (calibration size slowest, last unit
// fastest). Indexed one by one, never listed. It ends when the space is exhausted.

#include <algorithm>
#include <cmath>

#include "config/reader.hpp"
#include "strategy/history.hpp"
#include "strategy/strategies.hpp"

namespace halftone {
namespace {

/// Candidates in a row that have the effect of earlier ones. Where options of many units change nothing (their ranges
/// are decided by others), a space can hold more repetitions than there is time for.
constexpr std::uint64_t kMostRepetitions = 1'000'000;

class ExhaustiveStrategy final : public Strategy {
public:
    explicit ExhaustiveStrategy(const SearchSpace& space)
        : space_(space), end_(static_cast<std::uint64_t>(std::min(space.size(), std::exp2(63.0L)))) {}

    [[nodiscard]] Ask ask() override {
        for (std::uint64_t repetitions = 0; next_ < end_ && repetitions < kMostRepetitions; ++repetitions) {
            const Candidate candidate = space_.at(next_++);
            if (history_.was_asked(candidate)) continue;
            history_.add_asked(candidate);
            Ask ask = Ask::for_trial(candidate, "exhaustive");
            ask.group = 1;  // neighbours in the space's order differ in the last units
            return ask;
        }
        next_ = end_;
        return Ask::done();
    }

    void tell(TrialId trial, const Outcome& outcome) override { history_.add_told(trial, outcome); }

private:
    const SearchSpace& space_;
    std::uint64_t end_;
    std::uint64_t next_ = 0;
    History history_;
};

}  // namespace

std::unique_ptr<Strategy> make_exhaustive(const StrategyContext& context) {
    Reader(context.settings).finish();  // it has no settings of its own
    return std::make_unique<ExhaustiveStrategy>(context.space);
}

}  // namespace halftone
