// random: candidates drawn evenly, without replacement. The n-th draw is a function of the seed and n, so it depends on
// no outcome and no worker. It ends when the space is exhausted.

#include "config/reader.hpp"
#include "strategy/strategies.hpp"
#include "strategy/subspace.hpp"

namespace halftone {
namespace {

class RandomStrategy final : public Strategy {
public:
    RandomStrategy(const SearchSpace& space, std::uint64_t seed)
        : subspace_(space, Subspace::Options::all), random_(mix(seed, kPurpose)) {}

    [[nodiscard]] Ask ask() override {
        if (is_exhausted_) return Ask::done();
        const auto point = subspace_.draw_new(random_, history_);
        if (!point) {
            is_exhausted_ = true;
            return Ask::done();
        }
        Ask ask = Ask::for_trial(subspace_.candidate(*point), "random");
        // No draw looks at an outcome; but one trial has to give the first result, to its end.
        ask.verdict_only = history_.asked() > 0;
        history_.add_asked(ask.candidate);
        return ask;
    }

    void tell(TrialId trial, const Outcome& outcome) override { history_.add_told(trial, outcome); }

private:
    static constexpr std::uint64_t kPurpose = 0x72616e64;  // a stream of its own

    Subspace subspace_;
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
