// OptionFilter: the rules that apply to one unit, combined field by field.
//
//   fields             one table of what a rule can name; every question below walks it, so a new field is one line
//   make_field         a field of words (dtype, scheme, granularity, algorithm); number_field: one of numbers
//   OptionFilter       for each field the narrowest level that names it, and what it allows there
//   apply              the options that stay, in the order of the user's words
//   describe_options   what a unit offers, for messages
#include "space/option_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "graph/given.hpp"

namespace halftone {
namespace {

using Words = std::vector<std::string>;

/// One list of a constraint and the word of an option that it speaks of. Numbers are compared as words too, rounded to
/// thousandths, so that the float of an option equals the double that a rule names.
struct Field {
    std::string_view name;
    bool (*is_named)(const OpConstraint&);
    /// The words that a rule lists. @throws ConfigError naming `place` when one is unknown
    Words (*listed)(const OpConstraint&, const std::string& place);
    std::string (*word)(const UnitConfig&);
    Words defaults;  ///< what stays when no rule names the field; empty: everything
};

/// The words of algorithms in the form of an EnumNames. Any word will do: the set is open, and config has refused those
/// that no observer has.
struct AnyAlgorithm {
    [[nodiscard]] static std::optional<Algorithm> parse(std::string_view word) {
        if (word.empty() || word.size() > Algorithm::kLongestWord) return std::nullopt;
        return Algorithm(word);
    }
    [[nodiscard]] static std::string_view name(const Algorithm& algorithm) { return algorithm.word(); }
};
constexpr AnyAlgorithm kAnyAlgorithm{};

/// A field whose values are words of an enum. The template arguments are pointers to members: the list in the rule
/// (constraint.*RuleSide.*RuleList) and the value in an option (option.*OptionSide.*OptionField).
template <auto& Names, auto RuleSide, auto RuleList, auto OptionSide, auto OptionField>
Field make_field(std::string_view name, const Words& defaults) {
    return {.name = name,
            .is_named = [](const OpConstraint& rule) { return !(rule.*RuleSide.*RuleList).empty(); },
            .listed =
                [](const OpConstraint& rule, const std::string& place) {
                    for (const std::string& word : rule.*RuleSide.*RuleList) {
                        if (!Names.parse(word)) throw ConfigError(fmt::format("{}: '{}' is unknown", place, word));
                    }
                    return rule.*RuleSide.*RuleList;
                },
            .word = [](const UnitConfig& option) { return std::string(Names.name(option.*OptionSide.*OptionField)); },
            .defaults = defaults};
}

std::string number_word(double value) { return float_text(static_cast<double>(std::lround(value * 1000)) / 1000.0); }

/// A field of numbers: percentile and bit. @param preset  what stays when no rule names the field
template <auto RuleSide, auto RuleList, auto OptionSide, auto OptionField>
Field number_field(std::string_view name, double preset) {
    return {
        .name = name,
        .is_named = [](const OpConstraint& rule) { return !(rule.*RuleSide.*RuleList).empty(); },
        .listed =
            [](const OpConstraint& rule, const std::string&) {
                Words words;
                for (const double value : rule.*RuleSide.*RuleList) words.push_back(number_word(value));
                return words;
            },
        .word =
            [](const UnitConfig& option) { return number_word(static_cast<double>(option.*OptionSide.*OptionField)); },
        .defaults = {number_word(preset)}};
}

std::string group_size_word(std::int64_t size) { return fmt::format("in groups of {}", size); }

Field group_size_field() {
    return {.name = "weight.group_size",
            .is_named = [](const OpConstraint& rule) { return !rule.weight.group_size.empty(); },
            .listed =
                [](const OpConstraint& rule, const std::string&) {
                    Words words;
                    for (const std::int64_t size : rule.weight.group_size) words.push_back(group_size_word(size));
                    return words;
                },
            .word = [](const UnitConfig& option) { return group_size_word(option.weight.group_size); },
            .defaults = {group_size_word(kDefaultGroupSize)}};
}

template <auto& Names, auto RuleList, auto OptionField>
Field activation_field(std::string_view name, const Words& defaults = {}) {
    return make_field<Names, &OpConstraint::activation, RuleList, &UnitConfig::activation, OptionField>(name, defaults);
}

template <auto& Names, auto RuleList, auto OptionField>
Field weight_field(std::string_view name, const Words& defaults = {}) {
    return make_field<Names, &OpConstraint::weight, RuleList, &UnitConfig::weight, OptionField>(name, defaults);
}

std::string word_of(DType dtype) { return std::string(to_string(dtype)); }

using Lists = ConstraintLists;
using Activation = ActivationConfig;
using Weight = WeightConfig;

/// Slowest first: where two options differ in several fields, the first one decides their order. As capabilities()
/// lists them, so that no list changes nothing but what is left out by default.
const std::vector<Field>& fields() {
    static const std::vector<Field> all{
        activation_field<kDTypeNames, &Lists::dtype, &Activation::dtype>("activation.dtype"),
        weight_field<kDTypeNames, &Lists::dtype, &Weight::dtype>("weight.dtype"),
        activation_field<kSchemeNames, &Lists::scheme, &Activation::scheme>("activation.scheme"),
        weight_field<kSchemeNames, &Lists::scheme, &Weight::scheme>("weight.scheme",
                                                                    {std::string(kSchemeNames.name(Scheme::sym))}),
        weight_field<kGranularityNames, &Lists::granularity, &Weight::granularity>("weight.granularity"),
        weight_field<kAnyAlgorithm, &Lists::algorithm, &Weight::algorithm>(
            "weight.algorithm", {std::string(Algorithm::minmax.word()), std::string(kRoundToNearest.word())}),
        number_field<&OpConstraint::weight, &Lists::bit, &UnitConfig::weight, &Weight::bit>("weight.bit", kAllBits),
        group_size_field(),
        activation_field<kGranularityNames, &Lists::granularity, &Activation::granularity>("activation.granularity"),
        activation_field<kAnyAlgorithm, &Lists::algorithm, &Activation::algorithm>(
            "activation.algorithm", {std::string(Algorithm::minmax.word()), std::string(Algorithm::kl.word())}),
        number_field<&OpConstraint::activation, &Lists::percentile, &UnitConfig::activation, &Activation::percentile>(
            "activation.percentile", kDefaultPercentile),
    };
    return all;
}
constexpr std::size_t kActivationDType = 0;
constexpr std::size_t kWeightDType = 1;

/// A percentile says nothing of an option that another algorithm ranges, and the algorithm says nothing of one whose
/// range is found at run time. A weight-only option has real activations, and its blocks take the place of granularity
/// and bits.
bool concerns(const Field& field, const UnitConfig& option) {
    if (option.is_weight_only()) {
        static const std::set<std::string_view> own{"activation.dtype", "weight.dtype", "weight.scheme",
                                                    "weight.algorithm", "weight.group_size"};
        return own.contains(field.name);
    }
    if (field.name == "weight.group_size") return false;
    if (option.is_dynamic() && field.name == "activation.algorithm") return false;
    return field.name != "activation.percentile" || option.activation.algorithm == Algorithm::percentile;
}

bool contains(const Words& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::size_t rank_of(const std::string& word, const Words& order) {
    return static_cast<std::size_t>(std::find(order.begin(), order.end(), word) - order.begin());
}

/// The words that the rule lists for the field, each once.
Words words_of(const AppliedRule& rule, const Field& field) {
    Words words;
    for (const std::string& word : field.listed(*rule.constraint, fmt::format("{}: {}", *rule.place, field.name))) {
        if (!contains(words, word)) words.push_back(word);
    }
    return words;
}

/// The narrowest level on which a rule names the field.
std::optional<RuleLevel> level_of(const std::vector<AppliedRule>& rules, const Field& field) {
    std::optional<RuleLevel> level;
    for (const AppliedRule& rule : rules) {
        if (field.is_named(*rule.constraint) && (!level || rule.level > *level)) level = rule.level;
    }
    return level;
}

}  // namespace

OptionFilter::OptionFilter(const std::vector<AppliedRule>& rules) : limits_(fields().size()) {
    // The dtypes of both sides are one decision (a unit falls back as a whole), so they have one level.
    const auto dtype_level =
        std::max(level_of(rules, fields()[kActivationDType]), level_of(rules, fields()[kWeightDType]));
    keeps_fp32_ = !dtype_level || *dtype_level <= RuleLevel::optype_wise;

    for (std::size_t f = 0; f < fields().size(); ++f) {
        const bool is_dtype = f == kActivationDType || f == kWeightDType;
        const auto level = is_dtype ? dtype_level : level_of(rules, fields()[f]);
        Limit& limit = limits_[f];
        for (const AppliedRule& rule : rules) {
            if (rule.level != level || !fields()[f].is_named(*rule.constraint)) continue;
            recalibrates_ = recalibrates_ || !is_dtype;
            const Words words = words_of(rule, fields()[f]);
            if (!limit.is_set) {
                limit = {.is_set = true, .allowed = words, .is_ordered = true};
            } else {
                // Two rules of one level have no first one: both must hold, and neither orders.
                std::erase_if(limit.allowed, [&](const std::string& word) { return !contains(words, word); });
                limit.is_ordered = false;
            }
        }
        if (!limit.is_set && !fields()[f].defaults.empty()) {
            limit = {.is_set = true, .allowed = fields()[f].defaults, .is_ordered = false};
        }
    }
    // int8 activations and bf16 are there for whoever asks for them.
    Limit& activation = limits_[kActivationDType];
    names_activation_ = activation.is_set;
    if (activation.is_set) return;
    activation = {.is_set = true, .allowed = {word_of(DType::u8), word_of(DType::f32)}, .is_ordered = false};
    if (dtype_level) activation.allowed.push_back(word_of(DType::bf16));
}

bool OptionFilter::allows_dtypes(const UnitConfig& option) const {
    if (keeps_fp32_ && !option.is_quantized() && option.activation.dtype == DType::f32) return true;
    // Both sides must agree, because a unit is quantized in activation and weight or not at all.
    for (const std::size_t f : {kActivationDType, kWeightDType}) {
        if (limits_[f].is_set && !contains(limits_[f].allowed, fields()[f].word(option))) return false;
    }
    return true;
}

bool OptionFilter::admits_quantized(const std::vector<UnitConfig>& offered) const {
    const auto admits = [](const Limit& limit) {
        const auto has = [&](DType dtype) { return contains(limit.allowed, word_of(dtype)); };
        return !limit.is_set || has(DType::u8) || has(DType::s8) || has(DType::s4);
    };
    // Activations of weight-only options are real, so that only the weight's list can ask for high precision.
    const bool has_weight_only =
        std::any_of(offered.begin(), offered.end(), [](const UnitConfig& option) { return option.is_weight_only(); });
    return (has_weight_only || admits(limits_[kActivationDType])) && admits(limits_[kWeightDType]);
}

std::vector<UnitConfig> OptionFilter::apply(const std::vector<UnitConfig>& options) const {
    std::vector<UnitConfig> kept;
    // What the model's file gives comes first. The defaults of the fields are about what a search should try unasked,
    // and this it should: only dtypes without int8, or rules about schemes and algorithms, keep it out.
    std::vector<UnitConfig> given;
    for (const UnitConfig& option : options) {
        if (is_given(option)) {
            // A rule that asks for int8 weights does not mean those of 4 bits that the file has.
            const Limit& weight = limits_[kWeightDType];
            const bool has_type = !option.is_weight_only() || !weight.is_set ||
                                  contains(weight.allowed, fields()[kWeightDType].word(option));
            if (admits_quantized(options) && !recalibrates_ && has_type) given.push_back(option);
            continue;
        }
        // Weights by blocks beside bf16 activations are for who names bf16: a rule that says int4 means the weights.
        if (option.is_weight_only() && option.activation.dtype == DType::bf16 && !names_activation_) continue;
        bool is_kept = allows_dtypes(option);
        // The other fields say nothing of high precision, so only quantized options can fail them.
        for (std::size_t f = kWeightDType + 1; f < fields().size() && option.is_quantized(); ++f) {
            const bool is_free = !limits_[f].is_set || !concerns(fields()[f], option);
            is_kept = is_kept && (is_free || contains(limits_[f].allowed, fields()[f].word(option)));
        }
        if (is_kept) kept.push_back(option);
    }
    // Words of each field in the order that counts: the user's, else that of first appearance.
    std::vector<Words> order(fields().size());
    for (std::size_t f = 0; f < fields().size(); ++f) {
        if (limits_[f].is_ordered) order[f] = limits_[f].allowed;
        for (const UnitConfig& option : options) {
            if (std::string word = fields()[f].word(option); !contains(order[f], word))
                order[f].push_back(std::move(word));
        }
    }
    // Ranks are looked up once per option; the sort compares numbers only.
    using Ranked = std::pair<std::vector<std::size_t>, UnitConfig>;
    std::vector<Ranked> quantized;
    std::vector<UnitConfig> others;
    for (const UnitConfig& option : kept) {
        if (!option.is_quantized()) {
            others.push_back(option);
            continue;
        }
        // Static options come before dynamic ones, which are slower, and weight-only ones last; no word orders them.
        std::vector<std::size_t> ranks{option.is_weight_only() ? std::size_t{2} : option.is_dynamic() ? 1U : 0U};
        for (std::size_t f = 0; f < fields().size(); ++f) ranks.push_back(rank_of(fields()[f].word(option), order[f]));
        quantized.emplace_back(std::move(ranks), option);
    }
    std::stable_sort(quantized.begin(), quantized.end(),
                     [](const Ranked& a, const Ranked& b) { return a.first < b.first; });
    kept = std::move(given);
    for (const Ranked& ranked : quantized) kept.push_back(ranked.second);
    kept.insert(kept.end(), others.begin(), others.end());
    return kept;
}

bool names_anything(const OpConstraint& constraint) {
    return std::any_of(fields().begin(), fields().end(),
                       [&](const Field& field) { return field.is_named(constraint); });
}

std::string describe_options(const std::vector<UnitConfig>& options) {
    std::vector<std::string> parts;
    const auto describe_side = [&](std::string_view side) {
        std::string text(side);
        for (const Field& field : fields()) {
            if (!field.name.starts_with(side)) continue;
            // The usual percentile, bit and group size would be noise in every message: only other values are named.
            const bool is_number = field.name == "weight.bit" || field.name == "activation.percentile" ||
                                   field.name == "weight.group_size";
            Words words;
            for (const UnitConfig& option : options) {
                if (!option.is_quantized() || !concerns(field, option)) continue;
                std::string word = field.word(option);
                if (is_number && word == field.defaults.front()) continue;
                if (!contains(words, word)) words.push_back(std::move(word));
            }
            if (!words.empty()) text += " " + join(words, "|");
        }
        parts.push_back(text);
    };
    if (std::any_of(options.begin(), options.end(), [](const UnitConfig& option) { return option.is_quantized(); })) {
        describe_side("activation");
        describe_side("weight");
    }
    for (const UnitConfig& option : options) {
        if (!option.is_quantized()) parts.emplace_back(to_string(option.activation.dtype));
    }
    return join(parts, "; ");
}

}  // namespace halftone
