// build_space: the user's rules applied to what the kernels offer. README.md is the specification.
//
//   collect_rules      every section of the config as rules with the units that they mean
//   collect_excluded   units that keep fp32 only, whatever the rules say
//   options_of         for each unit: the rules that apply to it, as one OptionFilter over its capability (filter);
//                      units with the same rules and the same capability share the answer
//   with_range         reduce_range: on, after the rules, because it lowers what they left
//   check_wide_rules   last, when it is known whether any unit could follow a rule

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "graph/given.hpp"
#include "space/option_filter.hpp"
#include "space/search_space.hpp"
#include "space/unit_match.hpp"

namespace halftone {
namespace {

/// A rule with the units that it means. A wide one may pass by units that cannot follow it.
struct Rule {
    RuleLevel level = RuleLevel::model_wise;
    const OpConstraint* constraint = nullptr;
    std::string place;
    std::vector<std::size_t> units;
    [[nodiscard]] bool is_wide() const { return level <= RuleLevel::optype_wise; }
};

bool has_quantized(const std::vector<UnitConfig>& options) {
    return std::any_of(options.begin(), options.end(), [](const UnitConfig& option) { return option.is_quantized(); });
}

/// Whether a rule asks for fp32 or bf16 and nothing else.
bool wants_high_precision(const OpConstraint& constraint) {
    const auto is_high = [](const ConstraintLists& lists) {
        return std::all_of(lists.dtype.begin(), lists.dtype.end(),
                           [](const std::string& dtype) { return dtype == "fp32" || dtype == "bf16"; });
    };
    const bool names_dtypes = !constraint.activation.dtype.empty() || !constraint.weight.dtype.empty();
    return names_dtypes && is_high(constraint.activation) && is_high(constraint.weight);
}

class SpaceBuilder {
public:
    SpaceBuilder(const Graph& graph, const std::vector<Unit>& units, const CapabilityTable& capabilities,
                 const QuantizationConfig& config)
        : graph_(graph), units_(units), capabilities_(capabilities), config_(config) {
        HALFTONE_CHECK(capabilities.size() == units.size(), "one capability per unit");
    }

    [[nodiscard]] SearchSpace build() {
        collect_rules();
        collect_excluded();
        std::vector<Decision> decisions;
        for (std::size_t u = 0; u < units_.size(); ++u) {
            decisions.push_back({units_[u].name, units_[u].op, options_of(u)});
        }
        check_wide_rules(decisions);
        // Where the search chooses preparations, a calibration index is a pair: each size stands once for each of them.
        std::vector<Preparation> choices = config_.preparations;
        if (choices.empty()) {
            for (const double alpha : config_.smooth_alphas) choices.push_back({.smooth_alpha = alpha});
        }
        std::vector<std::int64_t> sizes;
        std::vector<Preparation> preparations;
        for (const std::int64_t size : config_.sampling_sizes) {
            if (std::find(sizes.begin(), sizes.end(), size) != sizes.end()) continue;
            sizes.insert(sizes.end(), std::max<std::size_t>(1, choices.size()), size);
            preparations.insert(preparations.end(), choices.begin(), choices.end());
        }
        return {std::move(decisions), std::move(sizes), PlanTopology(graph_, units_, config_.scale_propagation_concat),
                std::move(preparations)};
    }

private:
    void collect_rules() {
        const OpConstraint& model_wise = config_.model_wise;
        std::vector<std::size_t> all(units_.size());
        for (std::size_t u = 0; u < all.size(); ++u) all[u] = u;
        // model_wise has two parts and no line of its own: messages cite the part that was written.
        const ConfigNode& node = model_wise.activation.is_empty() ? model_wise.weight.node : model_wise.activation.node;
        add_rule({RuleLevel::model_wise, &model_wise, node.mark.to_text() + ": quantization.model_wise", all});
        for (const ConstraintRule& rule : config_.optype_wise) {
            constexpr std::string_view kSection = "quantization.optype_wise";
            add_rule({RuleLevel::optype_wise, &rule.constraint, describe_rule(rule, kSection),
                      match_op_type(rule, kSection, units_)});
        }
        for (const ConstraintRule& rule : config_.op_wise) {
            constexpr std::string_view kSection = "quantization.op_wise";
            // A rule that says nothing needs no unit: `--set quantization.op_wise.NAME=null` takes a rule away.
            if (!names_anything(rule.constraint)) continue;
            if (is_fulfilled(rule, kSection, wants_high_precision(rule.constraint))) continue;
            UnitMatch match = named_units(rule, kSection);
            add_rule({match.is_exact ? RuleLevel::exact : RuleLevel::pattern, &rule.constraint,
                      describe_rule(rule, kSection), std::move(match.units)});
        }
    }

    /// Returns the units of a rule of op_wise. The refusal says how to go on: LPOT's files name nodes that only another
    /// framework's fusion makes.
    [[nodiscard]] UnitMatch named_units(const ConstraintRule& rule, std::string_view section) const {
        try {
            return match_units(rule, section, graph_, units_);
        } catch (const ConfigError& error) {
            // A path of --set cannot address a key that holds a dot.
            const bool can_be_set = rule.key.find('.') == std::string::npos;
            throw ConfigError(fmt::format(
                "{}; to go on without this rule, {}", error.what(),
                can_be_set ? fmt::format("add --set '{}.{}=null'", section, rule.key) : "remove it from the config"));
        }
    }

    /// Whether a rule is fulfilled without a unit: it keeps nodes in high precision that are never quantized. LPOT's
    /// files name such nodes, because LPOT quantizes more operators.
    [[nodiscard]] bool is_fulfilled(const ConstraintRule& rule, std::string_view section, bool is_high) const {
        return is_high && find_matching_units(rule, section, graph_, units_).units.empty() &&
               names_file_node(rule, graph_);
    }

    void add_rule(Rule rule) {
        if (names_anything(*rule.constraint)) rules_.push_back(std::move(rule));
    }

    void collect_excluded() {
        is_excluded_.assign(units_.size(), false);
        constexpr std::string_view kSection = "quantization.exclude";
        for (const ConstraintRule& rule : config_.exclude) {
            if (is_fulfilled(rule, kSection, true)) continue;
            for (const std::size_t u : match_units(rule, kSection, graph_, units_).units) {
                is_excluded_[u] = true;
            }
        }
        if (!config_.first_conv_or_matmul_quantization && !units_.empty()) is_excluded_[0] = true;
        if (!config_.last_conv_or_matmul_quantization && !units_.empty()) is_excluded_.back() = true;
    }

    /// What is left of a list of offered options under some rules.
    struct Filtered {
        SharedList<UnitConfig> options;
        bool lost_all_quantized = false;  ///< although the dtype lists admit a quantized option
    };

    [[nodiscard]] SharedList<UnitConfig> options_of(std::size_t u) {
        const SharedList<UnitConfig>& offered = capabilities_[u].options;
        if (is_excluded_[u]) return fp32_only_;
        std::vector<std::size_t> applied;  // by index in rules_
        const Rule* narrowest = nullptr;   // the one to cite: the most specific thing that the user said of this unit
        for (std::size_t r = 0; r < rules_.size(); ++r) {
            const Rule& rule = rules_[r];
            if (!std::binary_search(rule.units.begin(), rule.units.end(), u)) continue;
            applied.push_back(r);
            if (narrowest == nullptr || rule.level >= narrowest->level) narrowest = &rule;
        }
        // Units that are offered one list, under the same rules, keep one list: most models have a handful of them.
        const auto [entry, is_new] = filtered_.try_emplace({offered.identity(), std::move(applied)});
        if (is_new) entry->second = filter(offered, entry->first.second);
        const Filtered& left = entry->second;
        const bool lost_all = left.lost_all_quantized;
        if (narrowest != nullptr && !narrowest->is_wide() && (left.options.empty() || lost_all)) {
            throw ConfigError(fmt::format("{} leaves {} to unit '{}', which offers: {}", narrowest->place,
                                          left.options.empty() ? "nothing" : "no quantized option", units_[u].name,
                                          describe_options(offered)));
        }
        if (lost_all) lost_.push_back(u);
        return left.options;
    }

    [[nodiscard]] Filtered filter(const std::vector<UnitConfig>& offered, const std::vector<std::size_t>& rules) const {
        std::vector<AppliedRule> applied;
        for (const std::size_t r : rules) applied.push_back({rules_[r].level, rules_[r].constraint, &rules_[r].place});
        const OptionFilter filter(applied);
        std::vector<UnitConfig> options = filter.apply(offered);
        // A unit whose dtype lists ask for high precision only has lost nothing: that is what the user wants.
        const bool lost_all_quantized =
            has_quantized(offered) && filter.admits_quantized(offered) && !has_quantized(options);
        return {with_range(std::move(options)), lost_all_quantized};
    }

    /// reduce_range: on. Weights get 6 bits, so that two products fit the 16 bits in which older processors add them.
    /// Options that differ in bits only may become equal; the first one stays.
    [[nodiscard]] std::vector<UnitConfig> with_range(std::vector<UnitConfig> options) const {
        if (config_.reduce_range != "on") return options;
        std::vector<UnitConfig> reduced;
        for (UnitConfig option : options) {
            // The codes that the file gives stay as they are, and weight-only units multiply no codes.
            if (option.reads_codes() && !is_given(option))
                option.weight.bit = std::min(option.weight.bit, kReducedBits);
            if (std::find(reduced.begin(), reduced.end(), option) == reduced.end()) reduced.push_back(option);
        }
        return reduced;
    }

    /// A wide rule may pass by units that cannot follow it, but not by all of them.
    void check_wide_rules(const std::vector<Decision>& decisions) const {
        // Narrower rules first: they are the likelier mistake.
        for (const RuleLevel level : {RuleLevel::optype_wise, RuleLevel::model_wise}) {
            for (const Rule& rule : rules_) {
                if (rule.level != level) continue;
                const auto lost = std::find_first_of(rule.units.begin(), rule.units.end(), lost_.begin(), lost_.end());
                const bool is_any_left = std::any_of(rule.units.begin(), rule.units.end(),
                                                     [&](std::size_t u) { return decisions[u].has_quantized(); });
                if (lost == rule.units.end() || is_any_left) continue;
                throw ConfigError(fmt::format("{} leaves no quantized option to any unit; '{}' offers: {}", rule.place,
                                              units_[*lost].name, describe_options(capabilities_[*lost].options)));
            }
        }
    }

    const Graph& graph_;
    const std::vector<Unit>& units_;
    const CapabilityTable& capabilities_;
    const QuantizationConfig& config_;
    std::vector<Rule> rules_;
    std::vector<bool> is_excluded_;
    SharedList<UnitConfig> fp32_only_{high_precision(DType::f32)};
    /// By the list that is offered (its identity) and the indices of the rules that apply.
    std::map<std::pair<const void*, std::vector<std::size_t>>, Filtered> filtered_;
    std::vector<std::size_t> lost_;  ///< units that kept no quantized option although their dtype lists admit one
};

}  // namespace

SearchSpace build_space(const Graph& graph, const std::vector<Unit>& units, const CapabilityTable& capabilities,
                        const QuantizationConfig& config) {
    return SpaceBuilder(graph, units, capabilities, config).build();
}

}  // namespace halftone
