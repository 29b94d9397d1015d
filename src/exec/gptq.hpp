#pragma once
// GPTQ: codes of a weight by blocks, chosen so that the error of its product is small on calibration data.

#include <vector>

#include "tensor/block_affine.hpp"

namespace halftone {

/// A weight by blocks: codes in the form of the weight, and their parameters.
struct BlockCodes {
    Tensor codes;
    QuantParams params;
};

/// Chooses codes and scales input channel by input channel. The error that rounding makes in one channel is taken back,
/// as far as the data allow, in the channels that follow. The scales of a block come from its weights as the channels
/// before have left them (block_params). Computed in double; the same inputs give the same bits on every machine.
/// Source: Frantar, Ashkboos, Hoefler, Alistarh: "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained
/// Transformers" (arXiv:2210.17323), Algorithm 1, with its dampening of 1 % of the mean diagonal and its scales by
/// groups. Unlike the authors' program, channels that were 0 in all samples keep their weights, and so do weights of 0,
/// so that a pruned model keeps its zeros.
/// @param weight    fp32 [K, N] (blocks along axis 0) or [N, K] (along axis 1), where K counts input channels
/// @param products  X^T X of all rows that the product reads, [K, K] row-major; of it the upper triangle is read
/// @throws ModelError  a weight is NaN or infinite
[[nodiscard]] BlockCodes gptq_codes(const Tensor& weight, const BlockRule& rule, std::vector<double> products);

}  // namespace halftone
