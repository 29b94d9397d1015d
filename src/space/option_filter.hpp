#pragma once
// OptionFilter: the rules that apply to one unit, combined: which of its options stay, and in which order.
// The precedence is in README.md.

#include <cstdint>
#include <string>
#include <vector>

#include "config/run_config.hpp"
#include "graph/capability.hpp"

namespace halftone {

/// For each field, the narrowest level that names it decides.
enum class RuleLevel : std::uint8_t { model_wise, optype_wise, pattern, exact };

/// A rule that applies to a unit. Both pointers outlive the filter.
struct AppliedRule {
    RuleLevel level = RuleLevel::model_wise;
    const OpConstraint* constraint = nullptr;
    const std::string* place = nullptr;  ///< "file:1:2: quantization.op_wise 'conv1'"
};

class OptionFilter {
public:
    /// The order of `rules` plays no part. A field that no rule names keeps the values of the default search
    /// (README.md).
    /// @throws ConfigError for a word that the field does not have
    explicit OptionFilter(const std::vector<AppliedRule>& rules);

    /// Returns the options that stay, quantized ones first, each kind in the order of the user's words.
    [[nodiscard]] std::vector<UnitConfig> apply(const std::vector<UnitConfig>& options) const;
    /// Returns whether the dtype lists admit a quantized option at all. @param offered  what the unit offers
    [[nodiscard]] bool admits_quantized(const std::vector<UnitConfig>& offered) const;

private:
    struct Limit {
        bool is_set = false;
        std::vector<std::string> allowed;  ///< the words that stay
        bool is_ordered = false;           ///< their order is the user's
    };
    [[nodiscard]] bool allows_dtypes(const UnitConfig& option) const;

    std::vector<Limit> limits_;      ///< by field
    bool recalibrates_ = false;      ///< a rule names other fields than dtypes, which removes the option `given`
    bool keeps_fp32_ = true;         ///< no rule by name or pattern names a dtype
    bool names_activation_ = false;  ///< a rule names dtypes of activations
};

/// Returns whether the rule names any field of quantization.
[[nodiscard]] bool names_anything(const OpConstraint& constraint);

/// Returns the options as text for messages: "activation uint8 asym per_tensor minmax|kl, weight int8 sym
/// per_channel|per_tensor minmax; fp32".
[[nodiscard]] std::string describe_options(const std::vector<UnitConfig>& options);

}  // namespace halftone
