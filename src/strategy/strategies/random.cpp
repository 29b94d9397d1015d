// random: candidates drawn evenly, without replacement. The n-th draw is a function of the seed and n, so it depends on
// no outcome and no worker. It ends when the space is exhausted.

#include <algorithm>
#include <cmath>

#include "base/rng.hpp"
#include "config/reader.hpp"
#include "strategy/history.hpp"
#include "strategy/strategies.hpp"

namespace halftone {
namespace {

/// Draws in a row that repeat earlier candidates before the rest is looked for.
constexpr int kMostRepetitions = 100;
/// Spaces up to this size are searched for what is left; larger ones are never exhausted by drawing.
constexpr long double kMostListed = 1'000'000;

class RandomStrategy final : public Strategy {
public:
    RandomStrategy(const SearchSpace& space, std::uint64_t seed) : space_(space), random_(mix(seed, kPurpose)) {}

    [[nodiscard]] Ask ask() override {
        for (int repetitions = 0; repetitions < kMostRepetitions && !is_exhausted_; ++repetitions) {
            Candidate candidate = draw();
            if (!history_.was_asked(candidate)) return propose(std::move(candidate));
        }
        return from_the_rest();
    }

    void tell(TrialId trial, const Outcome& outcome) override { history_.add_told(trial, outcome); }

private:
    static constexpr std::uint64_t kPurpose = 0x72616e64;  // a stream of its own

    [[nodiscard]] Candidate draw() {
        const auto calibration = static_cast<std::int64_t>(random_.below(space_.calibration_sizes().size()));
        std::vector<std::uint16_t> choice;
        choice.reserve(space_.decisions().size());
        for (const Decision& decision : space_.decisions()) {
            choice.push_back(static_cast<std::uint16_t>(random_.below(decision.options.size())));
        }
        return space_.make(calibration, std::move(choice));
    }

    /// Walks a small space from a drawn place on, so that what is left comes in no order of its own.
    [[nodiscard]] Ask from_the_rest() {
        if (!is_exhausted_ && space_.size() <= kMostListed) {
            const auto size = static_cast<std::uint64_t>(space_.size());
            const std::uint64_t start = random_.below(size);
            for (std::uint64_t step = 0; step < size; ++step) {
                Candidate candidate = space_.at((start + step) % size);
                if (!history_.was_asked(candidate)) return propose(std::move(candidate));
            }
        }
        is_exhausted_ = true;
        return Ask::done();
    }

    [[nodiscard]] Ask propose(Candidate candidate) {
        history_.add_asked(candidate);
        return Ask::of(std::move(candidate), "random");
    }

    const SearchSpace& space_;
    Rng random_;
    bool is_exhausted_ = false;
    History history_;
};

}  // namespace

std::unique_ptr<Strategy> make_random(const StrategyContext& context) {
    Reader(context.settings).finish();  // it has no settings of its own
    return std::make_unique<RandomStrategy>(context.space, context.seed);
}

}  // namespace halftone
