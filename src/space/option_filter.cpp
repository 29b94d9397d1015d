#include "space/option_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace halftone {
namespace {

/// One list of a constraint and what it speaks of in an option. Codes are the enum's numbers.
struct Field {
    std::string_view name;
    const std::vector<std::string>& (*words)(const OpConstraint&);
    int (*code)(const UnitConfig&);
    std::optional<int> (*parse)(std::string_view);
    std::string_view (*word)(int);
};

template <auto& Names, auto RuleSide, auto RuleList, auto OptionSide, auto OptionField>
constexpr Field make_field(std::string_view name) {
    using Enum = std::remove_cvref_t<decltype((std::declval<UnitConfig>().*OptionSide).*OptionField)>;
    return {
        .name = name,
        .words = [](const OpConstraint& rule) -> const std::vector<std::string>& { return rule.*RuleSide.*RuleList; },
        .code = [](const UnitConfig& option) { return static_cast<int>(option.*OptionSide.*OptionField); },
        .parse = [](std::string_view word) -> std::optional<int> {
            const auto value = Names.parse(word);
            if (!value) return std::nullopt;
            return static_cast<int>(*value);
        },
        .word = [](int code) { return Names.name(static_cast<Enum>(code)); }};
}

template <auto& Names, auto RuleList, auto OptionField>
constexpr Field activation_field(std::string_view name) {
    return make_field<Names, &OpConstraint::activation, RuleList, &UnitConfig::activation, OptionField>(name);
}

template <auto& Names, auto RuleList, auto OptionField>
constexpr Field weight_field(std::string_view name) {
    return make_field<Names, &OpConstraint::weight, RuleList, &UnitConfig::weight, OptionField>(name);
}

using Lists = ConstraintLists;
using Activation = ActivationConfig;
using Weight = WeightConfig;

/// Slowest first: where two options differ in several fields, the first one decides their order. As capabilities()
/// lists them, so that no list changes nothing.
constexpr std::array<Field, 8> kFields{
    activation_field<kDTypeNames, &Lists::dtype, &Activation::dtype>("activation.dtype"),
    weight_field<kDTypeNames, &Lists::dtype, &Weight::dtype>("weight.dtype"),
    activation_field<kSchemeNames, &Lists::scheme, &Activation::scheme>("activation.scheme"),
    weight_field<kSchemeNames, &Lists::scheme, &Weight::scheme>("weight.scheme"),
    weight_field<kGranularityNames, &Lists::granularity, &Weight::granularity>("weight.granularity"),
    weight_field<kAlgorithmNames, &Lists::algorithm, &Weight::algorithm>("weight.algorithm"),
    activation_field<kGranularityNames, &Lists::granularity, &Activation::granularity>("activation.granularity"),
    activation_field<kAlgorithmNames, &Lists::algorithm, &Activation::algorithm>("activation.algorithm"),
};
constexpr std::size_t kActivationDType = 0;
constexpr std::size_t kWeightDType = 1;

bool contains(const std::vector<int>& codes, int code) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
}

std::size_t rank_of(int code, const std::vector<int>& order) {
    return static_cast<std::size_t>(std::find(order.begin(), order.end(), code) - order.begin());
}

std::vector<int> codes_of(const AppliedRule& rule, const Field& field) {
    std::vector<int> codes;
    for (const std::string& word : field.words(*rule.constraint)) {
        const auto code = field.parse(word);
        if (!code) throw ConfigError(fmt::format("{}: {} '{}' is unknown", *rule.place, field.name, word));
        if (!contains(codes, *code)) codes.push_back(*code);
    }
    return codes;
}

/// The narrowest level on which a rule names the field.
std::optional<RuleLevel> level_of(const std::vector<AppliedRule>& rules, const Field& field) {
    std::optional<RuleLevel> level;
    for (const AppliedRule& rule : rules) {
        if (!field.words(*rule.constraint).empty() && (!level || rule.level > *level)) level = rule.level;
    }
    return level;
}

}  // namespace

OptionFilter::OptionFilter(const std::vector<AppliedRule>& rules) : limits_(kFields.size()) {
    // The dtypes of both sides are one decision (a unit falls back as a whole), so they have one level.
    const auto dtype_level =
        std::max(level_of(rules, kFields[kActivationDType]), level_of(rules, kFields[kWeightDType]));
    keeps_fp32_ = !dtype_level || *dtype_level <= RuleLevel::optype_wise;

    for (std::size_t f = 0; f < kFields.size(); ++f) {
        const bool is_dtype = f == kActivationDType || f == kWeightDType;
        const auto level = is_dtype ? dtype_level : level_of(rules, kFields[f]);
        Limit& limit = limits_[f];
        for (const AppliedRule& rule : rules) {
            if (rule.level != level || kFields[f].words(*rule.constraint).empty()) continue;
            const std::vector<int> codes = codes_of(rule, kFields[f]);
            if (!limit.is_set) {
                limit = {.is_set = true, .allowed = codes, .is_ordered = true};
            } else {
                // Two rules of one level have no first one: both must hold, and neither orders.
                std::erase_if(limit.allowed, [&](int code) { return !contains(codes, code); });
                limit.is_ordered = false;
            }
        }
    }
}

bool OptionFilter::allows_dtypes(const UnitConfig& option) const {
    if (keeps_fp32_ && option.activation.dtype == DType::f32) return true;
    return std::all_of(kFields.begin(), kFields.begin() + kWeightDType + 1, [&](const Field& field) {
        const Limit& limit = limits_[static_cast<std::size_t>(&field - kFields.data())];
        return !limit.is_set || contains(limit.allowed, field.code(option));
    });
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
        for (std::size_t f = kWeightDType + 1; f < kFields.size() && option.is_quantized(); ++f) {
            is_kept = is_kept && (!limits_[f].is_set || contains(limits_[f].allowed, kFields[f].code(option)));
        }
        if (is_kept) kept.push_back(option);
    }
    // Codes of each field in the order that counts: the user's, else that of first appearance.
    std::array<std::vector<int>, kFields.size()> order;
    for (std::size_t f = 0; f < kFields.size(); ++f) {
        if (limits_[f].is_ordered) order[f] = limits_[f].allowed;
        for (const UnitConfig& option : options) {
            if (!contains(order[f], kFields[f].code(option))) order[f].push_back(kFields[f].code(option));
        }
    }
    const auto quantized_end =
        std::stable_partition(kept.begin(), kept.end(), [](const UnitConfig& option) { return option.is_quantized(); });
    std::stable_sort(kept.begin(), quantized_end, [&](const UnitConfig& a, const UnitConfig& b) {
        for (std::size_t f = 0; f < kFields.size(); ++f) {
            const std::size_t rank_a = rank_of(kFields[f].code(a), order[f]);
            const std::size_t rank_b = rank_of(kFields[f].code(b), order[f]);
            if (rank_a != rank_b) return rank_a < rank_b;
        }
        return false;
    });
    return kept;
}

bool names_anything(const OpConstraint& constraint) {
    return std::any_of(kFields.begin(), kFields.end(),
                       [&](const Field& field) { return !field.words(constraint).empty(); });
}

std::string describe_options(const std::vector<UnitConfig>& options) {
    std::vector<std::string> parts;
    const auto describe_side = [&](std::string_view side) {
        std::string text(side);
        for (const Field& field : kFields) {
            if (!field.name.starts_with(side)) continue;
            std::vector<std::string> words;
            for (const UnitConfig& option : options) {
                if (!option.is_quantized()) continue;
                std::string word(field.word(field.code(option)));
                if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
            }
            text += " " + join(words, "|");
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
