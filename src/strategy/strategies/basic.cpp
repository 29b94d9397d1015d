// basic: model-wise configurations, then falling back one by one, incrementally and cumulatively.
// Source: LPOT 1.5, strategy "basic", with its faults mended (README.md says which).

#include <optional>
#include <utility>
#include <vector>

#include "config/reader.hpp"
#include "strategy/fallback.hpp"
#include "strategy/model_wise.hpp"
#include "strategy/strategies.hpp"

namespace halftone {
namespace {

class BasicStrategy final : public Strategy {
public:
    explicit BasicStrategy(const StrategyContext& context)
        : space_(context.space),
          goal_(context.goal),
          dtypes_(fallback_dtypes(context.space)),
          queue_(model_wise_candidates(context.space, context.model_wise)) {}

    [[nodiscard]] Ask ask() override {
        while (stage_ != Stage::done) {
            if (stage_ == Stage::incremental) {
                const auto candidate = walk_->advance(history_);
                if (candidate) return history_.was_asked(*candidate) ? Ask::wait() : propose(*candidate);
            }
            while (position_ < queue_.size()) {
                const Candidate& candidate = queue_[position_++];
                if (!history_.was_asked(candidate)) return propose(candidate);
            }
            // A stage is judged as a whole, so every outcome must be there before the next one starts.
            if (history_.told() < history_.asked()) return Ask::wait();
            begin_next_stage();
        }
        return Ask::done();
    }

    void tell(TrialId trial, const Outcome& outcome) override { history_.add_told(trial, outcome); }

private:
    enum class Stage { model_wise, one, incremental, cumulative, done };

    [[nodiscard]] Ask propose(const Candidate& candidate) {
        history_.add_asked(candidate);
        Ask ask = Ask::of(candidate, stage_name());
        // Fallbacks of one unit each have all units before it in common.
        if (stage_ == Stage::one) ask.group = static_cast<std::int64_t>(dtype_) + 1;
        // Nothing looks at the accuracies of this stage.
        ask.verdict_only = stage_ == Stage::cumulative;
        return ask;
    }

    /// @pre every outcome of the stage is known
    void begin_next_stage() {
        switch (stage_) {
            case Stage::model_wise:
                base_ = best_of(queue_, goal_, history_);
                best_ = base_;
                begin_fallback();
                break;
            case Stage::one:
                moves_ = rank_moves(space_, goal_, history_, base_.candidate, std::move(moves_));
                walk_.emplace(space_, goal_, best_, moves_);
                begin_queue(Stage::incremental, {});
                break;
            case Stage::incremental:
                best_ = walk_->best();
                begin_queue(Stage::cumulative, accumulate_moves(space_, base_.candidate, moves_));
                break;
            case Stage::cumulative:
                ++dtype_;
                begin_fallback();
                break;
            case Stage::done:
                break;
        }
    }

    void begin_fallback() {
        if (dtype_ == dtypes_.size()) {
            stage_ = Stage::done;
            return;
        }
        moves_ = fallback_moves(space_, base_.candidate, dtypes_[dtype_]);
        begin_queue(Stage::one, apply_each(space_, base_.candidate, moves_));
    }

    void begin_queue(Stage stage, std::vector<Candidate> candidates) {
        stage_ = stage;
        queue_ = std::move(candidates);
        position_ = 0;
    }

    [[nodiscard]] const char* stage_name() const {
        switch (stage_) {
            case Stage::model_wise:
                return "model_wise";
            case Stage::one:
                return "fallback_one";
            case Stage::incremental:
                return "fallback_incremental";
            case Stage::cumulative:
                return "fallback_cumulative";
            case Stage::done:
                break;
        }
        return "done";
    }

    const SearchSpace& space_;
    Goal goal_;
    History history_;
    std::vector<DType> dtypes_;
    std::size_t dtype_ = 0;  ///< of dtypes_, in the fallback stages
    Stage stage_ = Stage::model_wise;
    std::vector<Candidate> queue_;     ///< of the stage; incremental leaves it empty
    std::size_t position_ = 0;         ///< in queue_
    Judged base_;                      ///< the best model-wise candidate
    Judged best_;                      ///< end of the incremental walks so far; the next dtype's walk starts here
    std::vector<FallbackMove> moves_;  ///< of the dtype; ranked after stage `one`
    std::optional<IncrementalWalk> walk_;
};

}  // namespace

std::unique_ptr<Strategy> make_basic(const StrategyContext& context) {
    Reader(context.settings).finish();  // it has no settings of its own
    return std::make_unique<BasicStrategy>(context);
}

}  // namespace halftone
