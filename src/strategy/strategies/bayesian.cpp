// bayesian: a Gaussian process over the options predicts what was not tried; the candidate that promises most is next.
// Its parts are in strategy/bayesian: target (what is maximised), observations (what the process learns from),
// surrogate (the process and its promises), promise_search (where the best promise is looked for). The frame of startup
// and batches is BatchedSearch.
// Source: LPOT 1.5, strategy "bayesian", for the idea and its defaults; README.md says what differs.

#include <optional>
#include <utility>
#include <vector>

#include "config/reader.hpp"
#include "strategy/batched_search.hpp"
#include "strategy/bayesian/observations.hpp"
#include "strategy/bayesian/promise_search.hpp"
#include "strategy/bayesian/surrogate.hpp"
#include "strategy/bayesian/target.hpp"
#include "strategy/strategies.hpp"

namespace halftone {
namespace {

constexpr EnumNames<Acquisition::Kind, 2> kAcquisitionNames{
    {{{Acquisition::Kind::ei, "ei"}, {Acquisition::Kind::ucb, "ucb"}}}};

struct BayesianSettings {
    Acquisition acquisition = {};
    std::int64_t startup = 0;  ///< random candidates before the first model; 0 means as many as a batch has
    bool fallback = false;     ///< high precision is searched too, and latency counts
};

class BayesianStrategy final : public BatchedSearch {
public:
    BayesianStrategy(const StrategyContext& context, const BayesianSettings& settings)
        : BatchedSearch(context, settings.fallback ? Subspace::Options::all : Subspace::Options::quantized,
                        {.startup = settings.startup == 0 ? context.batch : settings.startup,
                         .batch = context.batch,
                         .stage = "bayesian",
                         .stream = 0x6261796573}),
          acquisition_(settings.acquisition),
          target_(context, settings.fallback) {}

private:
    void learn(const Point& point, const Candidate& candidate, const Outcome& outcome) override {
        observations_.add(point, target_.value(candidate, outcome));
    }

    [[nodiscard]] bool make_model() override {
        believed_.clear();
        if (!observations_.has_targets()) return false;
        observations_.update_model();
        return true;
    }

    // Candidates of one batch are asked for before any of them is told. Without more knowledge they would all be the
    // same point, so what was asked before in the batch counts as if it had turned out as predicted ("kriging
    // believer"). Source: Ginsbourger, Le Riche, Carraro, Kriging Is Well-Suited to Parallelize Optimization (2010).
    [[nodiscard]] std::optional<Point> suggest() override {
        const ObservedModel& model = observations_.model();
        std::vector<Point> points = model.points;
        std::vector<double> targets = model.targets;
        for (const auto& [point, target] : believed_) {
            points.push_back(point);
            targets.push_back(target);
        }
        const Surrogate surrogate(std::move(points), std::move(targets), model.parameters, acquisition_);
        const auto asked = [&](const Point& point) { return was_asked(point); };
        std::optional<Point> found = find_most_promising(subspace(), surrogate, model, asked, random());
        if (!found) found = draw_new();
        if (found) believed_.emplace_back(*found, surrogate.mean(*found));
        return found;
    }

    Acquisition acquisition_;
    BayesianTarget target_;
    Observations observations_;
    std::vector<std::pair<Point, double>> believed_;  ///< asked in this batch, with the target that is predicted
};

}  // namespace

std::unique_ptr<Strategy> make_bayesian(const StrategyContext& context) {
    Reader reader(context.settings);
    BayesianSettings settings;
    Acquisition& acquisition = settings.acquisition;
    acquisition.kind = reader.word("acquisition", kAcquisitionNames, acquisition.kind);
    acquisition.kappa = reader.number("kappa", acquisition.kappa);
    acquisition.xi = reader.number("xi", acquisition.xi);
    settings.startup = reader.integer("startup", settings.startup, 0, 100'000);
    settings.fallback = reader.boolean("fallback", settings.fallback);
    reader.finish();
    return std::make_unique<BayesianStrategy>(context, settings);
}

}  // namespace halftone
