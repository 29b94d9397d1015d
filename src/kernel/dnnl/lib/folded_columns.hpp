#pragma once
// Convolutions of few channels whose windows move by whole blocks of columns: what begins networks of sound (a Fourier
// transform as a convolution) and vision transformers (patches). With channels last, s neighbouring columns of C
// channels are one column of s * C channels, so such a convolution with stride s is one with stride 1 and more channels
// over the same memory. oneDNN's kernels fill their registers with channels; its int8 kernel for one channel is a slow
// one.

#include <memory>

#include "kernel/ops/op.hpp"

namespace halftone::onednn {

/// The same convolution over folded columns. Not movable, because the request points to the node.
struct FoldedColumns {
    explicit FoldedColumns(const KernelRequest& given) : node(*given.node), request(given) { request.node = &node; }
    FoldedColumns(const FoldedColumns&) = delete;
    FoldedColumns& operator=(const FoldedColumns&) = delete;

    Node node;
    KernelRequest request;
};

/// Returns null where columns are not to be folded. @pre the shape rule accepts the request; the weights are constant
[[nodiscard]] std::unique_ptr<FoldedColumns> fold_columns(const KernelRequest& request);

}  // namespace halftone::onednn
