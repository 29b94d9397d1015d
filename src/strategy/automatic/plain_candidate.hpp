#pragma once
// The limits by which `auto` judges candidates without a preparation. A rehearsal, which predicts it, uses them too.

namespace halftone {

/// If the output's noise to signal is larger, a plain candidate is not evaluated. Models of docs/strategies.md whose
/// plain candidates met the goal had 0.001 or less; the demo's model, whose candidates missed it by far, has 0.2.
inline constexpr double kHopelessError = 0.01;

/// A plain candidate that loses more than this share of the allowed loss passes, but a preparation may do better.
inline constexpr double kEasyShareOfLoss = 0.5;

}  // namespace halftone
