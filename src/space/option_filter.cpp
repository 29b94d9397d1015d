#include "space/option_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace halftone {
namespace {

/// One list of a constraint and what it speaks of in an option. Codes are the enum's numbers, or thousandths.
struct Field {
    std::string_view name;
    bool (*is_named)(const OpConstraint&);
    std::vector<int> (*codes)(const OpConstraint&, const std::string& place);
    int (*code)(const UnitConfig&);
    std::string (*word)(int);
    std::vector<int> defaults;  ///< what stays when no rule names the field; empty: everything
};

template <auto& Names, auto RuleSide, auto RuleList, auto OptionSide, auto OptionField>
Field make_field(std::string_view name, const std::vector<int>& defaults) {
    using Enum = std::remove_cvref_t<decltype((std::declval<UnitConfig>().*OptionSide).*OptionField)>;
    return {.name = name,
            .is_named = [](const OpConstraint& rule) { return !(rule.*RuleSide.*RuleList).empty(); },
            .codes =
                [](const OpConstraint& rule, const std::string& place) {
                    std::vector<int> codes;
                    for (const std::string& word : rule.*RuleSide.*RuleList) {
                        const auto value = Names.parse(word);
                        if (!value) throw ConfigError(fmt::format("{}: '{}' is unknown", place, word));
                        codes.push_back(static_cast<int>(*value));
                    }
                    return codes;
                },
            .code = [](const UnitConfig& option) { return static_cast<int>(option.*OptionSide.*OptionField); },
            .word = [](int code) { return std::string(Names.name(static_cast<Enum>(code))); },
            .defaults = defaults};
}

int thousandths(double value) { return static_cast<int>(std::lround(value * 1000)); }

template <auto RuleSide, auto RuleList, auto OptionSide, auto OptionField>
Field number_field(std::string_view name, double preset) {
    return {
        .name = name,
        .is_named = [](const OpConstraint& rule) { return !(rule.*RuleSide.*RuleList).empty(); },
        .codes =
            [](const OpConstraint& rule, const std::string&) {
                std::vector<int> codes;
                for (const double value : rule.*RuleSide.*RuleList) codes.push_back(thousandths(value));
                return codes;
            },
        .code =
            [](const UnitConfig& option) { return thousandths(static_cast<double>(option.*OptionSide.*OptionField)); },
        .word = [](int code) { return float_text(code / 1000.0); },
        .defaults = {thousandths(preset)}};
}

template <auto& Names, auto RuleList, auto OptionField>
Field activation_field(std::string_view name, const std::vector<int>& defaults = {}) {
    return make_field<Names, &OpConstraint::activation, RuleList, &UnitConfig::activation, OptionField>(name, defaults);
}

template <auto& Names, auto RuleList, auto OptionField>
Field weight_field(std::string_view name, const std::vector<int>& defaults = {}) {
    return make_field<Names, &OpConstraint::weight, RuleList, &UnitConfig::weight, OptionField>(name, defaults);
}

template <class Enum>
int code_of(Enum value) {
    return static_cast<int>(value);
}

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
        weight_field<kSchemeNames, &Lists::scheme, &Weight::scheme>("weight.scheme", {code_of(Scheme::sym)}),
        weight_field<kGranularityNames, &Lists::granularity, &Weight::granularity>("weight.granularity"),
        weight_field<kAlgorithmNames, &Lists::algorithm, &Weight::algorithm>("weight.algorithm",
                                                                             {code_of(Algorithm::minmax)}),
        number_field<&OpConstraint::weight, &Lists::bit, &UnitConfig::weight, &Weight::bit>("weight.bit", kAllBits),
        activation_field<kGranularityNames, &Lists::granularity, &Activation::granularity>("activation.granularity"),
        activation_field<kAlgorithmNames, &Lists::algorithm, &Activation::algorithm>(
            "activation.algorithm", {code_of(Algorithm::minmax), code_of(Algorithm::kl)}),
        number_field<&OpConstraint::activation, &Lists::percentile, &UnitConfig::activation, &Activation::percentile>(
            "activation.percentile", kDefaultPercentile),
    };
    return all;
}
constexpr std::size_t kActivationDType = 0;
constexpr std::size_t kWeightDType = 1;

/// A percentile says nothing of an option that another algorithm ranges.
bool concerns(const Field& field, const UnitConfig& option) {
    return field.name != "activation.percentile" || option.activation.algorithm == Algorithm::percentile;
}

bool contains(const std::vector<int>& codes, int code) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
}

std::size_t rank_of(int code, const std::vector<int>& order) {
    return static_cast<std::size_t>(std::find(order.begin(), order.end(), code) - order.begin());
}

std::vector<int> codes_of(const AppliedRule& rule, const Field& field) {
    std::vector<int> codes;
    for (const int code : field.codes(*rule.constraint, fmt::format("{}: {}", *rule.place, field.name))) {
        if (!contains(codes, code)) codes.push_back(code);
    }
    return codes;
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
            const std::vector<int> codes = codes_of(rule, fields()[f]);
            if (!limit.is_set) {
                limit = {.is_set = true, .allowed = codes, .is_ordered = true};
            } else {
                // Two rules of one level have no first one: both must hold, and neither orders.
                std::erase_if(limit.allowed, [&](int code) { return !contains(codes, code); });
                limit.is_ordered = false;
            }
        }
        if (!limit.is_set && !fields()[f].defaults.empty()) {
            limit = {.is_set = true, .allowed = fields()[f].defaults, .is_ordered = false};
        }
    }
    // int8 activations and bf16 are there for whoever asks for them.
    Limit& activation = limits_[kActivationDType];
    if (activation.is_set) return;
    activation = {.is_set = true, .allowed = {code_of(DType::u8), code_of(DType::f32)}, .is_ordered = false};
    if (dtype_level) activation.allowed.push_back(code_of(DType::bf16));
}

bool OptionFilter::allows_dtypes(const UnitConfig& option) const {
    if (keeps_fp32_ && option.activation.dtype == DType::f32) return true;
    for (const std::size_t f : {kActivationDType, kWeightDType}) {
        if (limits_[f].is_set && !contains(limits_[f].allowed, fields()[f].code(option))) return false;
    }
    return true;
}

bool OptionFilter::admits_quantized() const {
    const auto admits = [](const Limit& limit) {
        return !limit.is_set || contains(limit.allowed, static_cast<int>(DType::u8)) ||
               contains(limit.allowed, static_cast<int>(DType::s8));
    };
    return admits(limits_[kActivationDType]) && admits(limits_[kWeightDType]);
}

std::vector<UnitConfig> OptionFilter::apply(const std::vector<UnitConfig>& options) const {
    std::vector<UnitConfig> kept;
    for (const UnitConfig& option : options) {
        bool is_kept = allows_dtypes(option);
        for (std::size_t f = kWeightDType + 1; f < fields().size() && option.is_quantized(); ++f) {
            const bool is_free = !limits_[f].is_set || !concerns(fields()[f], option);
            is_kept = is_kept && (is_free || contains(limits_[f].allowed, fields()[f].code(option)));
        }
        if (is_kept) kept.push_back(option);
    }
    // Codes of each field in the order that counts: the user's, else that of first appearance.
    std::vector<std::vector<int>> order(fields().size());
    for (std::size_t f = 0; f < fields().size(); ++f) {
        if (limits_[f].is_ordered) order[f] = limits_[f].allowed;
        for (const UnitConfig& option : options) {
            if (!contains(order[f], fields()[f].code(option))) order[f].push_back(fields()[f].code(option));
        }
    }
    const auto quantized_end =
        std::stable_partition(kept.begin(), kept.end(), [](const UnitConfig& option) { return option.is_quantized(); });
    std::stable_sort(kept.begin(), quantized_end, [&](const UnitConfig& a, const UnitConfig& b) {
        for (std::size_t f = 0; f < fields().size(); ++f) {
            const std::size_t rank_a = rank_of(fields()[f].code(a), order[f]);
            const std::size_t rank_b = rank_of(fields()[f].code(b), order[f]);
            if (rank_a != rank_b) return rank_a < rank_b;
        }
        return false;
    });
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
            const bool is_number = field.name == "weight.bit" || field.name == "activation.percentile";
            std::vector<std::string> words;
            for (const UnitConfig& option : options) {
                if (!option.is_quantized() || !concerns(field, option)) continue;
                if (is_number && field.code(option) == field.defaults.front()) continue;
                std::string word = field.word(field.code(option));
                if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
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
