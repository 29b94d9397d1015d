// The front of the multiple-choice knapsack, by dynamic programming over the units in order.
//
//   extend            appends each choice of the next unit to each partial solution (label), state by state
//   keep_undominated  drops labels that another one of the same state beats in loss and latency
//   thin_out          where a state has too many labels, keeps the fastest of each interval of loss
//   drop_slow_states  where there are too many states, keeps the fastest
//   point_of          walks a label's parents back to the options of all units
//
// Why states: the cost of a unit depends on whether its producers are quantized (a conversion), so two partial
// solutions may only be compared if they agree about every unit that still feeds a later one.
#include "strategy/knapsack.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace halftone {
namespace {

/// A partial solution: a choice for one unit and, through `parent`, for all units before it.
struct Label {
    double loss = 0;
    double ms = 0;
    std::size_t parent = 0;
    std::uint16_t option = 0;
};

/// Says which live units are quantized, in the order of `live_`.
using State = std::vector<bool>;
using Layer = std::map<State, std::vector<std::size_t>>;  ///< labels by number

class Solver {
public:
    Solver(const KnapsackProblem& problem, const KnapsackLimits& limits) : problem_(problem), limits_(limits) {}

    std::vector<KnapsackPoint> solve() {
        labels_.push_back({.loss = 0, .ms = problem_.rest_ms});
        Layer layer{{State{}, {0}}};
        for (std::size_t u = 0; u < problem_.units.size(); ++u) layer = extend(layer, u);
        std::vector<std::size_t> all;
        for (const auto& [state, labels] : layer) all.insert(all.end(), labels.begin(), labels.end());
        keep_undominated(all);
        std::vector<KnapsackPoint> front;
        for (const std::size_t label : all) front.push_back(point_of(label));
        return front;
    }

private:
    /// Returns the cost of the conversions between unit u, in this choice, and the units that feed it.
    [[nodiscard]] double conversion_ms(std::size_t u, bool is_quantized, const State& state) const {
        double sum = 0;
        for (const UnitConversion& conversion : problem_.conversions) {
            if (std::cmp_not_equal(conversion.consumer, u)) continue;
            bool from = false;
            if (conversion.producer != UnitConversion::kInput) {
                const auto place = std::find(live_.begin(), live_.end(), static_cast<std::size_t>(conversion.producer));
                from = state[static_cast<std::size_t>(place - live_.begin())];
            }
            sum += conversion.cost_ms(from, is_quantized);
        }
        return sum;
    }

    [[nodiscard]] bool feeds_later(std::size_t producer, std::size_t u) const {
        return std::any_of(problem_.conversions.begin(), problem_.conversions.end(), [&](const auto& conversion) {
            return std::cmp_equal(conversion.producer, producer) && std::cmp_greater(conversion.consumer, u);
        });
    }

    Layer extend(const Layer& layer, std::size_t u) {
        std::vector<std::size_t> candidates = live_;
        candidates.push_back(u);
        std::vector<std::size_t> next_live;
        std::vector<std::size_t> kept;  // places of next_live in candidates
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            if (!feeds_later(candidates[i], u)) continue;
            next_live.push_back(candidates[i]);
            kept.push_back(i);
        }
        Layer next;
        for (const auto& [state, labels] : layer) {
            for (const KnapsackChoice& choice : problem_.units[u]) {
                const double ms = choice.ms + conversion_ms(u, choice.is_quantized, state);
                State extended = state;
                extended.push_back(choice.is_quantized);
                State reached;
                for (const std::size_t place : kept) reached.push_back(extended[place]);
                std::vector<std::size_t>& target = next[reached];
                for (const std::size_t label : labels) {
                    target.push_back(labels_.size());
                    labels_.push_back(
                        {labels_[label].loss + choice.loss, labels_[label].ms + ms, label, choice.option});
                }
            }
        }
        live_ = std::move(next_live);
        for (auto& [state, labels] : next) {
            keep_undominated(labels);
            thin_out(labels);
        }
        drop_slow_states(next);
        return next;
    }

    /// Fastest first, each with less loss than the ones before.
    void keep_undominated(std::vector<std::size_t>& labels) const {
        std::sort(labels.begin(), labels.end(), [&](std::size_t a, std::size_t b) {
            return std::tie(labels_[a].ms, labels_[a].loss, a) < std::tie(labels_[b].ms, labels_[b].loss, b);
        });
        std::vector<std::size_t> kept;
        for (const std::size_t label : labels) {
            if (kept.empty() || labels_[label].loss < labels_[kept.back()].loss) kept.push_back(label);
        }
        labels = std::move(kept);
    }

    void thin_out(std::vector<std::size_t>& labels) const {
        if (labels.size() <= limits_.labels) return;
        const double low = labels_[labels.back()].loss;
        const double width = (labels_[labels.front()].loss - low) / static_cast<double>(limits_.labels);
        std::vector<std::size_t> kept;
        std::size_t last = limits_.labels + 1;
        for (const std::size_t label : labels) {
            const auto interval = static_cast<std::size_t>((labels_[label].loss - low) / width);
            if (interval != last || label == labels.back()) kept.push_back(label);
            last = interval;
        }
        labels = std::move(kept);
    }

    void drop_slow_states(Layer& layer) const {
        if (layer.size() <= limits_.states) return;
        std::vector<std::pair<double, State>> by_speed;
        for (const auto& [state, labels] : layer) by_speed.emplace_back(labels_[labels.front()].ms, state);
        std::sort(by_speed.begin(), by_speed.end());
        for (std::size_t i = limits_.states; i < by_speed.size(); ++i) layer.erase(by_speed[i].second);
    }

    [[nodiscard]] KnapsackPoint point_of(std::size_t label) const {
        KnapsackPoint point{.options = {}, .loss = labels_[label].loss, .ms = labels_[label].ms};
        for (std::size_t l = label; l != 0; l = labels_[l].parent) point.options.push_back(labels_[l].option);
        std::reverse(point.options.begin(), point.options.end());
        return point;
    }

    const KnapsackProblem& problem_;
    KnapsackLimits limits_;
    std::vector<Label> labels_;
    std::vector<std::size_t> live_;  ///< units so far that feed later ones
};

}  // namespace

std::vector<KnapsackPoint> knapsack_front(const KnapsackProblem& problem, const KnapsackLimits& limits) {
    return Solver(problem, limits).solve();
}

}  // namespace halftone
