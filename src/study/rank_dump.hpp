#pragma once
// The units of a dump, ordered by their error. All numbers are computed again from the dumped outputs.

#include <cstdint>
#include <string>
#include <vector>

#include "base/enum_names.hpp"
#include "tensor/dtype.hpp"
#include "trial/probe.hpp"

namespace halftone::study {

/// The error by which the units are ordered; the largest error comes first.
enum class DumpOrder {
    mse,      ///< noise to signal: sum (x - y)^2 / sum x^2; x: fp32, y: quantized
    lpot,     ///< LPOT 1.5's mean squared difference of tensors that are scaled by their own ranges
    cosine,   ///< the smallest cosine of the angle between x and y comes first
    clipped,  ///< share of the fp32 values that lie outside of the range of the codes
};
inline constexpr EnumNames<DumpOrder, 4> kDumpOrderNames{{{{DumpOrder::mse, "mse"},
                                                           {DumpOrder::lpot, "lpot"},
                                                           {DumpOrder::cosine, "cosine"},
                                                           {DumpOrder::clipped, "clipped"}}}};

struct RankedUnit {
    std::string unit, op;
    DType stored = DType::f32;  ///< how the quantized output is stored; f32: not as codes, so nothing is clipped
    ErrorSums sums;
    /// Share of the fp32 values that the smallest or largest code misses by more than half a step.
    double clipped = 0;
};

struct DumpRanking {
    std::string folder;
    std::string model;  ///< hash of the model file
    std::string plan;   ///< where the quantized model comes from, in words
    std::int64_t samples = 0;
    DumpOrder order = DumpOrder::mse;
    std::vector<RankedUnit> units;  ///< in that order; units of equal error keep the order of the model
};

/// Reads all outputs of a dump and ranks its units. The sums equal those of a probe of the same plan, bit for bit.
/// @throws DataError naming the file when the dump is damaged or unfinished
[[nodiscard]] DumpRanking rank_dump(const std::string& folder, DumpOrder order);

/// Returns a table: a line about the dump, a line of headings, and a line for each unit.
[[nodiscard]] std::string ranking_text(const DumpRanking& ranking);
/// Returns one JSON object on one line, without a newline at its end. Distances that are not finite are null.
[[nodiscard]] std::string ranking_json(const DumpRanking& ranking);

}  // namespace halftone::study
