// The verdict is made from the numbers of the table below it, and from the judgement of the objective where there is
// one, so that all three say the same.
#include "study/verdict_line.hpp"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "base/text.hpp"
#include "study/progress_line.hpp"

namespace halftone::study {
namespace {

/// Without intervals, ratios of times closer to 1 than this are no difference: the intervals of two measurements on a
/// quiet machine are about 1 % wide.
constexpr double kSameSpeed = 0.02;

std::string speed_text(const RunDocument& run, std::size_t quantized_units) {
    if (quantized_units == 0) return "fp32 is delivered: no quantized model was better";
    if (!run.fp32_ms || !run.best_ms || *run.best_ms <= 0) return "the model is quantized";
    const double ratio = *run.fp32_ms / *run.best_ms;
    // On a busy machine the medians may differ while their intervals overlap: the objective has looked at those.
    const bool is_noise = run.objective && !run.objective->is_met && !run.objective->is_slower;
    if (is_noise) return "int8 is as fast as fp32, within the noise";
    if (!run.objective && std::abs(ratio - 1) <= kSameSpeed) return "int8 is as fast as fp32";
    // Two digits behind the point below 2: there 1.05 and 1.14 are different results.
    if (ratio > 1) return fmt::format("int8 is {:.{}f} x as fast", ratio, ratio < 2 ? 2 : 1);
    return fmt::format("int8 is SLOWER, {:.2f} x the time of fp32", 1 / ratio);
}

/// A loss below zero is a gain; whichever it is, the interval has its sign.
std::string loss_part(const tune::RunResult& result) {
    if (!result.best) return {};
    const auto* score = std::get_if<Score>(&result.best->outcome);
    if (score == nullptr || !score->loss) return {};
    const ScoreLoss& loss = *score->loss;
    const double sign = loss.value < 0 ? -1 : 1;
    std::string text =
        fmt::format("{} {}", loss.value < 0 ? "gains" : "loses", metric_number(sign * loss.value, *score));
    if (!loss.ci95) return text;
    const double low = sign * (sign > 0 ? loss.ci95->low : loss.ci95->high);
    const double high = sign * (sign > 0 ? loss.ci95->high : loss.ci95->low);
    return text + fmt::format(" [{}, {}]", metric_number(low, *score), metric_number(high, *score));
}

std::string goal_part(const RunConfig& config, const tune::RunResult& result) {
    if (!config.evaluation) return "its accuracy is unknown";
    if (config.tuning.performance_only) return "goal not judged";
    return result.is_goal_met ? "goal met" : "goal NOT met";
}

}  // namespace

std::string verdict_line(const RunConfig& config, const tune::RunResult& result, const RunDocument& run,
                         std::size_t quantized_units) {
    std::vector<std::string> parts{speed_text(run, quantized_units)};
    if (const std::string loss = loss_part(result); !loss.empty()) parts.push_back(loss);
    parts.push_back(goal_part(config, result));
    return join(parts, ", ");
}

std::string next_steps(const std::string& workspace) {
    std::string folder = workspace;
    while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
    return fmt::format(
        "next: halftone certify {0}/best.onnx    does it hold in ONNX Runtime and OpenVINO?\n"
        "      halftone report {0}               every trial; with --study a page (scripts/report.py)\n",
        folder);
}

}  // namespace halftone::study
