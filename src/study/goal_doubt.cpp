#include "study/goal_doubt.hpp"

#include <fmt/format.h>

namespace halftone::study {

// A goal below fp32's accuracy is the usual one; one above it (a negative loss) is documented, and a model may meet it.
// What is refused nowhere else is a goal outside of all that a share can be, as "absolute: 2.0" where 2 % were meant.
std::string goal_doubt(const AccuracyCriterion& criterion, const Score& fp32) {
    const double target = Goal(criterion, fp32.accuracy).target();
    if (!fp32.correct) {
        if (!criterion.is_relative || criterion.loss == 0 || fp32.accuracy != 0) return {};
        return "the goal allows no loss at all, because a share of 0 is 0, and fp32's metric is 0; give "
               "tuning.accuracy_criterion.absolute";
    }
    if (target > 1) {
        return fmt::format(
            "no model can meet the goal: it asks for {:.4g}, and the metric is 1 at most; the search will "
            "use up all its trials (tuning.accuracy_criterion)",
            target);
    }
    if (target <= 0) {
        return fmt::format(
            "every model meets the goal: it asks for {:.4g} or more, and the metric is never below 0; was a loss of "
            "some percent meant, such as 0.01? (tuning.accuracy_criterion)",
            target);
    }
    return {};
}

}  // namespace halftone::study
