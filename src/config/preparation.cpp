#include "config/preparation.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace halftone {
namespace {

/// From "mostly the weights' problem" to "mostly the activations'". Source: Xiao et al., "SmoothQuant", 2022: 0.5 suits
/// most models and 0.75 those with many outliers.
constexpr std::array kUsualAlphas{0.5, 0.75};

}  // namespace

std::string to_text(const Preparation& preparation) {
    std::vector<std::string> names;
    if (preparation.equalizes) names.emplace_back("cross_layer_equalization");
    if (preparation.smooth_alpha) names.push_back("smooth_quant " + float_text(*preparation.smooth_alpha));
    if (preparation.corrects_weights) names.emplace_back("weight_correction");
    if (preparation.bias == BiasCorrection::fast) names.emplace_back("fast_bias_correction");
    if (preparation.bias == BiasCorrection::sequential) names.emplace_back("bias_correction");
    return names.empty() ? "none" : join(names, ", ");
}

bool needs_data(const Preparation& preparation) {
    return preparation.smooth_alpha.has_value() || preparation.bias != BiasCorrection::none;
}

bool are_alphas_alone(const std::vector<Preparation>& preparations) {
    return std::all_of(preparations.begin(), preparations.end(), [](const Preparation& each) {
        return each.smooth_alpha && each == Preparation{.smooth_alpha = each.smooth_alpha};
    });
}

// Sequential bias correction is left out: it runs the samples once for each unit of each candidate, which costs more
// than the rest of a search, and seldom gains more than the fast one. A user's list may name it.
std::vector<Preparation> usual_preparations(bool can_equalize, bool can_smooth) {
    std::vector<Preparation> rescaled{{}};
    if (can_equalize) rescaled.push_back({.equalizes = true});
    if (can_smooth) {
        for (const double alpha : kUsualAlphas) rescaled.push_back({.smooth_alpha = alpha});
    }
    std::vector<Preparation> all = rescaled;
    for (Preparation each : rescaled) {
        each.bias = BiasCorrection::fast;
        all.push_back(each);
    }
    // Weight correction restores mean and spread of each channel, which per-tensor weights lose most. Beside it the
    // bias needs its correction even more.
    for (Preparation each : rescaled) {
        if (each.smooth_alpha) continue;
        each.corrects_weights = true;
        each.bias = BiasCorrection::fast;
        all.push_back(each);
    }
    return all;
}

}  // namespace halftone
