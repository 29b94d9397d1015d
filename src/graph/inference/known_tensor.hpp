#pragma once
// KnownTensor: the value of a small tensor that is computed from shapes, known although the batch size is not.
//
// Shape arithmetic is done at each probe batch size. An element that is equal at all of them is taken to be a number;
// an element that equals the probe each time is taken to be the batch.

#include <array>
#include <optional>
#include <vector>

#include "graph/graph.hpp"
#include "graph/op_library.hpp"

namespace halftone {

/// The probes are primes, so that no dimension of the model is met by accident. 1 shows what clamping or comparing
/// would hide at large sizes only. All are below 2^24, so that a detour through float is exact.
inline constexpr std::array<std::int64_t, 3> kProbeBatches{1, 10007, 1000003};

/// Its value at each probe batch size, or one value if it is the same at all of them.
struct KnownTensor {
    std::vector<Tensor> at_probe;
    PartialInts partial;  ///< elements of an integer tensor that differs between the probes; else empty
    [[nodiscard]] bool is_fixed() const { return at_probe.size() == 1; }
};

/// Returns whether a tensor is small enough to be followed. Larger ones are left to fold_constants.
[[nodiscard]] bool may_be_known(const TensorType& type);

/// Makes what is known of one value per probe. Returns nothing if even the shape depends on the batch.
[[nodiscard]] std::optional<KnownTensor> known_of(std::vector<Tensor> at_probe);

/// Returns the output of Shape or Size, which read the type of their input alone, at a batch size. It is empty where it
/// does not fit 64 bits.
[[nodiscard]] Tensor value_of_type(const Node& node, const Shape& input, const TensorType& output, std::int64_t batch);

}  // namespace halftone
