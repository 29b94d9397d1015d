#pragma once
// FallbackSearch: the base of LPOT's strategies basic and mse. They differ only in how units are ranked: both try
// model-wise candidates first, then units fall back along the ranking.

#include <cstdint>
#include <optional>
#include <vector>

#include "strategy/fallback.hpp"
#include "strategy/history.hpp"
#include "trial/strategy.hpp"

namespace halftone {

/// Stages, in order; those after the first are repeated for each high-precision dtype, bf16 before fp32:
///   model_wise    the most accurate candidate becomes the base
///   ranking       the derived class ranks the units, by trials or by a probe
///   incremental   along the ranking, from the best so far; a step stays only if it is strictly better
///   cumulative    along the ranking, from the base, never undoing
class FallbackSearch : public Strategy {
public:
    [[nodiscard]] Ask ask() final;
    void tell(TrialId trial, const Outcome& outcome) final { history_.add_told(trial, outcome); }
    [[nodiscard]] std::optional<std::int64_t> most_trials_left() const final;

protected:
    explicit FallbackSearch(const StrategyContext& context);

    /// Returns the candidates whose outcomes the ranking needs; none if it needs no trials.
    [[nodiscard]] virtual std::vector<Candidate> ranking_candidates(const std::vector<FallbackMove>& moves) const = 0;
    /// Returns a probe that the ranking needs, or a wait for its result; nothing when all is known.
    [[nodiscard]] virtual std::optional<Ask> ask_for_ranking() { return std::nullopt; }
    /// Returns the moves, the most useful one first.
    [[nodiscard]] virtual std::vector<FallbackMove> rank(std::vector<FallbackMove> moves) const = 0;
    /// Returns whether the stage `incremental` takes place.
    [[nodiscard]] virtual bool walks_incrementally() const { return true; }

    [[nodiscard]] const SearchSpace& space() const { return space_; }
    [[nodiscard]] const Goal& goal() const { return goal_; }
    [[nodiscard]] const History& history() const { return history_; }
    /// Returns the best model-wise candidate. @pre the stage model_wise is over
    [[nodiscard]] const Candidate& base() const { return base_.candidate; }

private:
    enum class Stage : std::uint8_t { model_wise, ranking, incremental, cumulative, done };

    [[nodiscard]] Ask propose(const Candidate& candidate);
    void begin_next_stage();
    void begin_dtype();
    void begin_incremental();
    void begin_cumulative();
    void begin(Stage stage, std::vector<Candidate> candidates);
    [[nodiscard]] const char* stage_name() const;

    const SearchSpace& space_;
    Goal goal_;
    History history_;
    std::vector<DType> dtypes_;
    std::size_t dtype_ = 0;  ///< index into dtypes_, of the stages after model_wise
    Stage stage_ = Stage::model_wise;
    std::vector<Candidate> queue_;  ///< candidates of the stage; the stage incremental leaves it empty
    std::size_t next_in_queue_ = 0;
    Judged base_;                      ///< the best model-wise candidate
    Judged best_;                      ///< end of the incremental walks so far; the next dtype's walk starts here
    std::vector<FallbackMove> moves_;  ///< of the dtype; ranked after the stage ranking
    std::optional<IncrementalWalk> walk_;
};

}  // namespace halftone
