#include "eval/guessing.hpp"

#include <fmt/format.h>

namespace halftone {
namespace {

/// A value without an interval counts as guessed up to here above the level of guessing.
constexpr double kNearGuessing = 0.01;
/// With fewer samples even a good model may miss all of them.
constexpr std::int64_t kFewestSamples = 4;

bool looks_like_guesses(const Score& score, double level) {
    if (score.samples < kFewestSamples) return false;
    if (!score.correct) return score.accuracy <= level + kNearGuessing;
    const Interval ci = wilson95(*score.correct, score.samples);
    // The second half keeps a dry run of a few samples silent about a model that may still be good.
    return ci.low <= level && ci.high <= (1 + level) / 2;
}

/// The usual reasons, the most frequent one first.
const char* what_to_try(double level) {
    // Only detections have the level 0: no box is right by chance.
    if (level == 0) {
        return "Normalize and Rescale as in the model's training; the order of the channels (RGB or BGR); the layout "
               "of the boxes (the metric's box_format and normalized); the numbers of the categories";
    }
    return "Normalize (mean and std) and Rescale as in the model's training; the order of the channels (RGB or BGR) "
           "and of the dimensions (Transpose); labels that are shifted by one (postprocess LabelShift) or sorted in "
           "another order than the model's classes";
}

}  // namespace

std::string guessing_text(const MetricSet& metrics, const Score& score) {
    const auto level = metrics.level_of_guessing();
    if (!level || !looks_like_guesses(score, *level)) return {};
    return fmt::format(
        "{} is {:.4g} on {} samples and guessing gives {:.4g}: the samples probably do not reach the model as in its "
        "training. Try: {}",
        metrics.name(0), score.accuracy, score.samples, *level, what_to_try(*level));
}

}  // namespace halftone
