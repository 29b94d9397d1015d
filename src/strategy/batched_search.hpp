#pragma once
// BatchedSearch: the base of strategies that make a model from all outcomes so far and ask for a batch of candidates
// that the model suggests (bayesian, tpe).

#include <cstdint>
#include <optional>
#include <vector>

#include "base/rng.hpp"
#include "strategy/history.hpp"
#include "strategy/subspace.hpp"
#include "trial/strategy.hpp"

namespace halftone {

/// The first candidate takes every unit's first option; with it, `startup` candidates come before the first model, the
/// others at random. Then come batches. A batch begins when all earlier outcomes are told, and outcomes of a batch
/// count only for the next one. So a batch may run on any number of workers, and the search is always the same.
class BatchedSearch : public Strategy {
public:
    [[nodiscard]] Ask ask() final;
    void tell(TrialId trial, const Outcome& outcome) final;

protected:
    struct Plan {
        std::int64_t startup = 0;  ///< random candidates before the first model, the very first included
        std::int64_t batch = 1;
        const char* stage = "";    ///< the stage in the journal of candidates that the model suggests
        std::uint64_t stream = 0;  ///< gives the strategy random numbers that differ from those of other strategies
    };
    BatchedSearch(const StrategyContext& context, Subspace::Options options, const Plan& plan);

    /// Takes the outcome of the candidate at this point.
    virtual void learn(const Point& point, const Candidate& candidate, const Outcome& outcome) = 0;
    /// Makes the model for the next batch; all outcomes are told. Returns false if no outcome was usable; then the
    /// batch is drawn at random.
    [[nodiscard]] virtual bool make_model() = 0;
    /// Returns the next point of the batch, which was not asked for before. Nothing means that the search ends; an
    /// override may first try draw_new(), which may find a point that the model did not consider.
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
