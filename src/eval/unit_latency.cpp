// The latency table of a search, from a few profiled sessions instead of one session for each candidate.
//
//   UniformPlans        candidates to profile: all units of one kind (dtype, static or dynamic), for each kind; then
//                       every other unit quantized
//   profile_sessions    their steps, in turn, round by round; the median time of each step
//   find_feeds          which unit's output each unit reads: where a conversion may stand
//   Conversions         times of the QuantizeLinear and DequantizeLinear steps that some session had
//   price_feeds         conversions that no session had, by the median time for an element
//   measure_latency_table   rows of units from their steps, and the rest that belongs to no unit
//
// The last two candidates of UniformPlans are there for the conversions: with all units in one dtype nearly none shows.
#include "eval/unit_latency.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

/// Median time of each step of one session.
struct Profile {
    Session session;
    std::vector<std::vector<std::int64_t>> samples{};  ///< [step][round], nanoseconds
    std::vector<double> step_ms{};
};

std::vector<Profile> profile_sessions(std::vector<Session> sessions, int rounds) {
    std::vector<Profile> profiles;
    for (Session& session : sessions) {
        profiles.push_back({std::move(session)});
        profiles.back().session.run();  // pages and caches
        profiles.back().samples.resize(profiles.back().session.steps().size());
    }
    for (int round = 0; round < rounds; ++round) {
        for (Profile& each : profiles) {
            std::vector<std::int64_t> times(each.samples.size());
            each.session.run_profiled(times);
            for (std::size_t s = 0; s < times.size(); ++s) each.samples[s].push_back(times[s]);
        }
    }
    for (Profile& each : profiles) {
        for (auto& samples : each.samples) {
            // The median: a run that the system interrupted must not count.
            const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
            std::nth_element(samples.begin(), middle, samples.end());
            each.step_ms.push_back(static_cast<double>(*middle) * 1e-6);
        }
    }
    return profiles;
}

bool is_conversion(const StepInfo& step) { return step.op == "QuantizeLinear" || step.op == "DequantizeLinear"; }

/// What feeds a unit's data input or residual, and so may need a conversion in front of the unit.
struct Feed {
    UnitConversion conversion;
    std::string value;  ///< as the consumer reads it
    double elements = 0;
};

/// Returns the unit whose output `value` is, or comes from through nodes that belong to no unit (their first input is
/// followed); UnitConversion::kInput if the value comes from the graph's input.
std::int32_t producer_unit(const Graph& graph, const std::map<ValueId, std::int32_t>& units, ValueId value) {
    for (;;) {
        const auto found = units.find(value);
        if (found != units.end()) return found->second;
        const NodeId node = graph.producer(value);
        if (!node.is_valid()) return UnitConversion::kInput;
        value = graph.node(node).inputs[0];
    }
}

std::vector<Feed> find_feeds(const PreparedModel& model) {
    std::map<ValueId, std::int32_t> units;
    for (std::size_t u = 0; u < model.units.size(); ++u) units[model.units[u].output] = static_cast<std::int32_t>(u);
    std::vector<Feed> feeds;
    std::set<std::pair<std::int32_t, std::int32_t>> seen;
    for (std::size_t u = 0; u < model.units.size(); ++u) {
        for (const ValueId value : {model.units[u].input, model.units[u].residual}) {
            if (!value.is_valid()) continue;
            Feed feed;
            feed.conversion.producer = producer_unit(model.graph, units, value);
            feed.conversion.consumer = static_cast<std::int32_t>(u);
            feed.value = model.graph.value(value).name;
            feed.elements = 1;  // at batch 1, as profiled: a symbolic dimension counts as 1
            for (const std::int64_t d : model.graph.value(value).type.shape.dims()) {
                feed.elements *= static_cast<double>(std::max<std::int64_t>(d, 1));
            }
            // A unit that reads another one twice pays for one conversion: Q and DQ exist once for each value.
            if (seen.emplace(feed.conversion.producer, feed.conversion.consumer).second)
                feeds.push_back(std::move(feed));
        }
    }
    return feeds;
}

/// Times of conversions by value, from all profiles: the largest seen, because a conversion that is fused or left out
/// shows as nothing.
class Conversions {
public:
    void add(const Profile& profile) {
        const auto& steps = profile.session.steps();
        for (std::size_t s = 0; s < steps.size(); ++s) {
            if (!is_conversion(steps[s])) continue;
            double& time = times_[steps[s].name];
            time = std::max(time, profile.step_ms[s]);
        }
    }
    [[nodiscard]] std::optional<double> find(const std::string& value, const char* op) const {
        const auto found = times_.find(value + "_" + op);
        return found == times_.end() ? std::nullopt : std::optional(found->second);
    }

private:
    std::map<std::string, double> times_;  ///< by node name, "<value>_<op>"
};

/// Fills in what was seen; the rest by the median time for an element.
void price_feeds(std::vector<Feed>& feeds, const Conversions& conversions, const char* op,
                 double UnitConversion::*field) {
    std::vector<double> rates;
    std::vector<Feed*> unseen;
    for (Feed& feed : feeds) {
        const auto ms = conversions.find(feed.value, op);
        if (!ms) {
            unseen.push_back(&feed);
            continue;
        }
        feed.conversion.*field = *ms;
        rates.push_back(*ms / feed.elements);
    }
    if (rates.empty()) return;
    std::sort(rates.begin(), rates.end());
    for (Feed* feed : unseen) feed->conversion.*field = rates[rates.size() / 2] * feed->elements;
}

/// Index of the first option that `fits`, or 0.
template <class Fits>
std::uint16_t first_option(const Decision& decision, const Fits& fits) {
    for (std::size_t o = 0; o < decision.options.size(); ++o) {
        if (fits(decision.options[o])) return static_cast<std::uint16_t>(o);
    }
    return 0;
}

/// The sessions to profile: one for each kind of option, then two with every other unit quantized.
class UniformPlans {
public:
    UniformPlans(const SearchSpace& space, std::size_t units) : space_(space) {
        for (const Decision& decision : space.decisions()) {
            for (const UnitConfig& option : decision.options) kinds_.insert(kind_of(option));
        }
        for (const Kind& kind : kinds_) {
            candidates_.push_back(make([&](std::size_t, const UnitConfig& o) { return kind_of(o) == kind; }));
        }
        for (const std::size_t parity : {std::size_t{0}, std::size_t{1}}) {
            if (units < 2) break;
            candidates_.push_back(
                make([&](std::size_t u, const UnitConfig& o) { return o.is_static() == (u % 2 == parity); }));
        }
    }
    [[nodiscard]] const std::vector<Candidate>& candidates() const { return candidates_; }
    /// Which session has all units of this option's kind.
    [[nodiscard]] std::size_t session_of(const UnitConfig& option) const {
        return static_cast<std::size_t>(std::distance(kinds_.begin(), kinds_.find(kind_of(option))));
    }

private:
    /// What decides a unit's time: the dtype, whether its codes are made at run time, and the bits of weights by
    /// blocks.
    using Kind = std::tuple<DType, When, DType>;
    static Kind kind_of(const UnitConfig& option) {
        return {option.activation.dtype, option.activation.when,
                option.is_weight_only() ? option.weight.dtype : DType::f32};
    }

    template <class Fits>
    [[nodiscard]] Candidate make(const Fits& fits) const {
        std::vector<std::uint16_t> choice;
        for (std::size_t u = 0; u < space_.decisions().size(); ++u) {
            choice.push_back(first_option(space_.decisions()[u], [&](const UnitConfig& o) { return fits(u, o); }));
        }
        return space_.make(0, std::move(choice));
    }
    const SearchSpace& space_;
    std::set<Kind> kinds_;
    std::vector<Candidate> candidates_;
};

}  // namespace

LatencyTable measure_latency_table(CandidateFactory& factory, const PreparedModel& model, const SearchSpace& space,
                                   const UnitLatencyOptions& options) {
    std::map<std::string, std::size_t> unit_of_node;
    for (std::size_t u = 0; u < model.units.size(); ++u) {
        for (const NodeId node : model.units[u].nodes) unit_of_node[model.graph.node(node).name] = u;
        unit_of_node[model.units[u].name] = u;
        // Codes of run time belong to the unit that reads them; several may share them, and the first one pays.
        unit_of_node.try_emplace(model.graph.value(model.units[u].input).name + "_DynamicQuantizeLinear", u);
    }
    const UniformPlans plans(space, model.units.size());
    std::vector<Session> sessions;
    for (const Candidate& candidate : plans.candidates()) {
        sessions.emplace_back(factory.quantized(candidate).graph, reference_ops(), CompileOptions{});
    }
    const std::vector<Profile> profiles = profile_sessions(std::move(sessions), options.rounds);

    std::vector<std::vector<double>> unit_ms(profiles.size(), std::vector<double>(model.units.size(), 0.0));
    LatencyTable table;
    Conversions conversions;
    for (std::size_t p = 0; p < profiles.size(); ++p) {
        conversions.add(profiles[p]);
        double rest = 0;
        const auto& steps = profiles[p].session.steps();
        for (std::size_t s = 0; s < steps.size(); ++s) {
            const auto unit = unit_of_node.find(steps[s].name);
            if (unit != unit_of_node.end()) {
                unit_ms[p][unit->second] += profiles[p].step_ms[s];
            } else if (!is_conversion(steps[s])) {
                rest += profiles[p].step_ms[s];
            }
        }
        // Nodes outside units cost the same in every plan, up to what gets fused with a neighbour: the least is the
        // rest.
        table.rest_ms = p == 0 ? rest : std::min(table.rest_ms, rest);
    }
    // Options of one dtype and mode differ in scales and ranges only, which cost nothing: they share the dtype's time.
    for (std::size_t u = 0; u < space.decisions().size(); ++u) {
        std::vector<double>& row = table.unit_ms.emplace_back();
        for (const UnitConfig& option : space.decisions()[u].options) {
            row.push_back(unit_ms[plans.session_of(option)][u]);
        }
    }
    std::vector<Feed> feeds = find_feeds(model);
    price_feeds(feeds, conversions, "QuantizeLinear", &UnitConversion::quantize_ms);
    price_feeds(feeds, conversions, "DequantizeLinear", &UnitConversion::dequantize_ms);
    for (const Feed& feed : feeds) table.conversions.push_back(feed.conversion);
    return table;
}

}  // namespace halftone
