#pragma once
// BatchedSearch: the frame of strategies that learn a model from all outcomes so far and ask for a batch of candidates
// that the model likes (bayesian, tpe).

#include <cstdint>
#include <optional>
#include <vector>

#include "base/rng.hpp"
#include "strategy/history.hpp"
#include "strategy/subspace.hpp"
#include "trial/strategy.hpp"

namespace halftone {

/// The first candidate is every unit's first option, `startup` candidates in all are drawn at random, then come
/// batches. A batch begins when everything asked before is told, and nothing that is told within it is looked at before
/// the next one: so a batch may run on as many workers as there are, and the search is the same for any number of them.
class BatchedSearch : public Strategy {
public:
    [[nodiscard]] Ask ask() final;
    void tell(TrialId trial, const Outcome& outcome) final;

protected:
    struct Plan {
        std::int64_t startup = 0;  ///< random candidates before the first model, the very first included
        std::int64_t batch = 1;
        const char* stage = "";    ///< what the journal calls candidates that the model suggests
        std::uint64_t stream = 0;  ///< makes the strategy's random numbers its own, whatever the seed
    };
    BatchedSearch(const StrategyContext& context, Subspace::Options options, const Plan& plan);

    /// An outcome came in, of the candidate at this point.
    virtual void learn(const Point& point, const Candidate& candidate, const Outcome& outcome) = 0;
    /// All outcomes are in: makes the model for the batch that begins. Returns false where nothing usable was learnt;
    /// the batch is drawn at random then.
    [[nodiscard]] virtual bool make_model() = 0;
    /// Returns the next point of the batch, one that was not asked for. Nothing means that the search ends; before
    /// that, draw_new() may find a point that the model did not look at.
    [[nodiscard]] virtual std::optional<Point> suggest() = 0;

    [[nodiscard]] const Subspace& subspace() const { return subspace_; }
    [[nodiscard]] Rng& random() { return random_; }
    /// Draws a point that was not asked for; nothing if there is none, or if it would take too long to find.
    [[nodiscard]] std::optional<Point> draw_new() { return subspace_.draw_new(random_, history_); }
    [[nodiscard]] bool was_asked(const Point& point) const { return history_.was_asked(subspace_.candidate(point)); }

private:
    [[nodiscard]] Ask propose(std::optional<Point> point, const char* stage);

    Subspace subspace_;
    Plan plan_;
    Rng random_;
    History history_;
    std::vector<Point> points_;  ///< by trial
    bool has_model_ = false;
    bool is_done_ = false;
};

}  // namespace halftone
