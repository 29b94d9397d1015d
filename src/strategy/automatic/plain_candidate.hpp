#pragma once
// What `auto` thinks of candidates without a preparation. A rehearsal, which predicts its course, thinks the same.

namespace halftone {

/// Noise to signal of the output above which a plain candidate is beyond hope. The models of docs/strategies.md whose
/// plain candidates met the goal had 0.001 or less; that of the demo, whose candidates missed it by far, has 0.2.
inline constexpr double kHopelessError = 0.01;

/// A plain candidate that loses more than this share of the allowed loss passes, but a preparation may do better.
inline constexpr double kEasyShareOfLoss = 0.5;

}  // namespace halftone
