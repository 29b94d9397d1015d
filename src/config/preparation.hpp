#pragma once
// Preparation: what is done to the fp32 model before it is quantized, as far as a search chooses between several.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace halftone {

/// How the shift that rounding weights gives to a unit's output is taken back in its bias: not at all, by a formula for
/// each unit alone, or by measuring unit after unit.
enum class BiasCorrection : std::uint8_t { none, fast, sequential };

/// What a search does to the model for some of its candidates, beside the recipes that hold for all of them. The preset
/// does nothing.
struct Preparation {
    bool equalizes = false;                      ///< cross_layer_equalization
    std::optional<double> smooth_alpha = {};     ///< smooth_quant with this alpha; empty: not smoothed
    bool corrects_weights = false;               ///< weight_correction
    BiasCorrection bias = BiasCorrection::none;  ///< fast_bias_correction or bias_correction
    friend bool operator==(const Preparation&, const Preparation&) = default;
};

/// Returns the names of its recipes, as the config has them: "cross_layer_equalization, smooth_quant 0.5"; "none" for
/// the preset.
[[nodiscard]] std::string to_text(const Preparation& preparation);

/// Returns whether they differ in their alphas alone and each has one: what smooth_quant with a list of alphas gives.
/// Such searches are older than other preparations, and their files keep their form.
[[nodiscard]] bool are_alphas_alone(const std::vector<Preparation>& preparations);

/// Returns whether the preparation is measured on calibration samples.
[[nodiscard]] bool needs_data(const Preparation& preparation);

/// What recipes: auto tries of a model in which units can be equalized (or not) and values can be smoothed (or not): no
/// preparation, each sensible one, and combinations with a bias correction, the plain ones first.
[[nodiscard]] std::vector<Preparation> usual_preparations(bool can_equalize, bool can_smooth);

}  // namespace halftone
