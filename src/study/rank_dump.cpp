// Ranks the units of a dump.
//
//   measure_unit   reads a unit's outputs once and counts what all distances need (add_dumped_batch, covered_range)
//   rank_dump      measures every unit and sorts by sort_key
//   ranking_text, ranking_json   show the result
#include "study/rank_dump.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "dump/tensor_dump.hpp"
#include "study/distances.hpp"
#include "study/distances_json.hpp"
#include "tensor/quant_params.hpp"

namespace halftone::study {
namespace {

using Json = nlohmann::ordered_json;

/// Returns the real values that some code represents to within half a step: from half a step below the smallest code to
/// half a step above the largest.
Range covered_range(const DumpedUnit& unit) {
    const std::int64_t lowest = unit.stored == DType::u8 ? 0 : INT8_MIN;
    const std::int64_t highest = unit.stored == DType::u8 ? UINT8_MAX : INT8_MAX;
    return {static_cast<float>(unit.scale * (static_cast<double>(lowest - unit.zero_point) - 0.5)),
            static_cast<float>(unit.scale * (static_cast<double>(highest - unit.zero_point) + 0.5))};
}

/// Adds a batch. Floating-point sums depend on the order of their terms. A probe adds a batch in the order in which the
/// executor's values lie in memory: blocks of `inner` elements, and for each block all samples. The same order here
/// gives the same sums, bit for bit, although the file holds one sample after the other.
void add_dumped_batch(ErrorSums& sums, const DumpedUnit& unit, std::int64_t rows, const std::vector<float>& x,
                      const std::vector<float>& y) {
    const auto inner = static_cast<std::size_t>(unit.inner);
    const auto sample = static_cast<std::size_t>(unit.sample_elements());
    for (std::size_t begin = 0; begin < sample; begin += inner) {
        for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
            const std::size_t at = row * sample + begin;
            for (std::size_t i = at; i < at + inner; ++i) sums.add(x[i], y[i]);
        }
    }
}

/// Reads all samples of a unit, batch by batch. A probe sums each shard on its own and merges the shards in their
/// order.
RankedUnit measure_unit(const DumpReader& dump, std::size_t u) {
    const DumpLayout& layout = dump.layout();
    const DumpedUnit& unit = layout.units[u];
    RankedUnit ranked{.unit = unit.unit, .op = unit.op, .stored = unit.stored, .sums = {}, .clipped = 0};
    const Range range = covered_range(unit);
    std::int64_t clipped = 0;
    std::vector<float> x, y;
    std::vector<std::byte> codes;
    for (std::size_t s = 0; s < layout.shards.size(); ++s) {
        ErrorSums shard;
        const std::int64_t last = layout.shards[s].first + layout.shards[s].count;
        for (std::int64_t first = layout.shards[s].first; first < last; first += layout.batch) {
            const std::int64_t rows = std::min(layout.batch, last - first);
            dump.read(u, s, first, rows, x, y, codes);
            add_dumped_batch(shard, unit, rows, x, y);
            if (unit.stored == DType::f32) continue;  // without codes, nothing is cut off
            clipped +=
                std::count_if(x.begin(), x.end(), [&](float value) { return value < range.low || value > range.high; });
        }
        // merge() takes shards in their order, whichever rank wrote them.
        ranked.sums.merge(shard);
    }
    if (ranked.sums.count > 0) ranked.clipped = static_cast<double>(clipped) / static_cast<double>(ranked.sums.count);
    return ranked;
}

/// The larger, the worse.
double sort_key(const RankedUnit& unit, DumpOrder order) {
    switch (order) {
        case DumpOrder::mse:
            return unit.sums.relative();
        case DumpOrder::lpot:
            return unit.sums.own_range_mse();
        case DumpOrder::cosine:
            return -cosine(unit.sums);
        case DumpOrder::clipped:
            break;
    }
    return unit.clipped;
}

Json unit_json(const RankedUnit& unit) {
    const ErrorSums& sums = unit.sums;
    Json json{{"unit", unit.unit}, {"op", unit.op}, {"stored", to_string(unit.stored)}};
    put_distances(json, sums);
    json["clipped"] = unit.stored == DType::f32 ? Json(nullptr) : Json(unit.clipped);
    // The sums allow a reader to compute other distances without reading the dump.
    json["sums"] = {{"error", sums.error},
                    {"reference", sums.reference},
                    {"quantized", sums.quantized},
                    {"product", sums.product},
                    {"sum", sums.sum},
                    {"quantized_sum", sums.quantized_sum},
                    {"min", sums.min},
                    {"max", sums.max},
                    {"quantized_min", sums.quantized_min},
                    {"quantized_max", sums.quantized_max},
                    {"count", sums.count}};
    return json;
}

}  // namespace

DumpRanking rank_dump(const std::string& folder, DumpOrder order) {
    const DumpReader dump(folder);
    const DumpLayout& layout = dump.layout();
    DumpRanking ranking{.folder = folder,
                        .model = layout.model,
                        .plan = layout.plan,
                        .samples = layout.samples,
                        .order = order,
                        .units = {}};
    for (std::size_t u = 0; u < layout.units.size(); ++u) ranking.units.push_back(measure_unit(dump, u));
    std::stable_sort(ranking.units.begin(), ranking.units.end(),
                     [&](const auto& a, const auto& b) { return sort_key(a, order) > sort_key(b, order); });
    return ranking;
}

std::string ranking_json(const DumpRanking& ranking) {
    Json json{{"dump", ranking.folder},
              {"model", ranking.model},
              {"plan", ranking.plan},
              {"samples", ranking.samples},
              {"rank", kDumpOrderNames.name(ranking.order)},
              {"units", Json::array()}};
    for (const RankedUnit& unit : ranking.units) json["units"].push_back(unit_json(unit));
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string ranking_text(const DumpRanking& ranking) {
    std::string out = fmt::format("{}: {} units, {} samples, model {}, quantized by {}\n", ranking.folder,
                                  ranking.units.size(), ranking.samples, ranking.model, ranking.plan);
    out += fmt::format("{:<40} {:>7} {:>14} {:>14} {:>9} {:>10} {:>9}\n",
                       "unit, by " + std::string(kDumpOrderNames.name(ranking.order)), "stored", "noise/signal",
                       "lpot mse", "SQNR dB", "cosine", "clipped");
    for (const RankedUnit& unit : ranking.units) {
        out += fmt::format("{:<40} {:>7} {:>14.6g} {:>14.6g} {:>9.2f} {:>10.7f} {:>9}\n", unit.unit,
                           to_string(unit.stored), unit.sums.relative(), unit.sums.own_range_mse(), sqnr_db(unit.sums),
                           cosine(unit.sums),
                           unit.stored == DType::f32 ? "-" : fmt::format("{:.4f} %", unit.clipped * 100));
    }
    return out;
}

}  // namespace halftone::study
