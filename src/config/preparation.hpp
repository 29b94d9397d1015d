#pragma once
// Preparation: the changes to the fp32 model before it is quantized, if a search chooses between several.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace halftone {

/// Rounded weights shift the mean of a unit's output. How the bias is corrected for this: not at all, by a formula for
/// each unit alone, or by measuring unit after unit.
enum class BiasCorrection : std::uint8_t { none, fast, sequential };

/// The recipes that a search applies for some of its candidates, in addition to those for all candidates. The default
/// applies none.
struct Preparation {
    bool equalizes = false;                      ///< cross_layer_equalization
    std::optional<double> smooth_alpha = {};     ///< smooth_quant with this alpha; empty: not smoothed
    bool corrects_weights = false;               ///< weight_correction
    BiasCorrection bias = BiasCorrection::none;  ///< fast_bias_correction or bias_correction
    friend bool operator==(const Preparation&, const Preparation&) = default;
};

/// Returns the names of its recipes, as the config has them: "cross_layer_equalization, smooth_quant 0.5"; "none" for
/// the default.
[[nodiscard]] std::string to_text(const Preparation& preparation);

/// Returns whether they differ only in their alphas and each has one, as smooth_quant with a list of alphas gives. Such
/// searches are older than other preparations, and their files keep their form.
[[nodiscard]] bool are_alphas_alone(const std::vector<Preparation>& preparations);

/// Returns whether the preparation is measured on calibration samples.
[[nodiscard]] bool needs_data(const Preparation& preparation);

/// Returns the preparations of `recipes: auto`, for a model whose units can be equalized (or not) and whose values can
/// be smoothed (or not): first none, then the useful single ones, then combinations with a bias correction.
[[nodiscard]] std::vector<Preparation> usual_preparations(bool can_equalize, bool can_smooth);

}  // namespace halftone
