#include "rank_dump.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "distances.hpp"
#include "dump/tensor_dump.hpp"
#include "eval/error_probe.hpp"

namespace halftone::app {
namespace {

using Json = nlohmann::ordered_json;

enum class Order { mse, lpot, cosine, clipped };
constexpr EnumNames<Order, 4> kOrderNames{
    {{{Order::mse, "mse"}, {Order::lpot, "lpot"}, {Order::cosine, "cosine"}, {Order::clipped, "clipped"}}}};

struct RankedUnit {
    std::string unit, op;
    DType stored = DType::f32;
    ErrorSums sums;
    double clipped = 0;  ///< share of the fp32 values that the end codes miss by more than half a step
};

/// Reals that some code represents to half a step.
Range range_of(const DumpedUnit& unit) {
    const std::int64_t lowest = unit.stored == DType::u8 ? 0 : INT8_MIN;
    const std::int64_t highest = unit.stored == DType::u8 ? UINT8_MAX : INT8_MAX;
    return {static_cast<float>(unit.scale * (static_cast<double>(lowest - unit.zero_point) - 0.5)),
            static_cast<float>(unit.scale * (static_cast<double>(highest - unit.zero_point) + 0.5))};
}

/// Sums of a batch in the order in which the executor's values lie, so that they are those of a probe, bit for bit.
void add_batch(ErrorSums& sums, const DumpedUnit& unit, std::int64_t rows, const std::vector<float>& x,
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

RankedUnit measure(const DumpReader& dump, std::size_t u) {
    const DumpLayout& layout = dump.layout();
    const DumpedUnit& unit = layout.units[u];
    RankedUnit ranked{.unit = unit.unit, .op = unit.op, .stored = unit.stored, .sums = {}, .clipped = 0};
    const Range range = range_of(unit);
    std::int64_t clipped = 0;
    std::vector<float> x, y;
    std::vector<std::byte> codes;
    for (std::size_t s = 0; s < layout.shards.size(); ++s) {
        ErrorSums shard;
        const std::int64_t last = layout.shards[s].first + layout.shards[s].count;
        for (std::int64_t first = layout.shards[s].first; first < last; first += layout.batch) {
            const std::int64_t rows = std::min(layout.batch, last - first);
            dump.read(u, s, first, rows, x, y, codes);
            add_batch(shard, unit, rows, x, y);
            if (unit.stored == DType::f32) continue;
            clipped +=
                std::count_if(x.begin(), x.end(), [&](float value) { return value < range.low || value > range.high; });
        }
        ranked.sums.merge(shard);
    }
    if (ranked.sums.count > 0) ranked.clipped = static_cast<double>(clipped) / static_cast<double>(ranked.sums.count);
    return ranked;
}

double key_of(const RankedUnit& unit, Order order) {
    switch (order) {
        case Order::mse:
            return unit.sums.relative();
        case Order::lpot:
            return unit.sums.own_range_mse();
        case Order::cosine:
            return -cosine(unit.sums);
        case Order::clipped:
            break;
    }
    return unit.clipped;
}

Json to_json(const RankedUnit& unit) {
    const ErrorSums& sums = unit.sums;
    Json json{{"unit", unit.unit}, {"op", unit.op}, {"stored", to_string(unit.stored)}};
    put_distances(json, sums);
    json["clipped"] = unit.stored == DType::f32 ? Json(nullptr) : Json(unit.clipped);
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

int report_dump(const ReportOptions& options) {
    const auto order = options.rank.empty() ? Order::mse : kOrderNames.parse(options.rank);
    if (!order) throw ConfigError(fmt::format("--rank: '{}' is unknown; one of mse lpot cosine clipped", options.rank));
    if (!options.study.empty())
        throw ConfigError("--study is made of a run's folder; '" + options.folder + "' is a dump");
    const DumpReader dump(options.folder);
    const DumpLayout& layout = dump.layout();
    std::vector<RankedUnit> units;
    for (std::size_t u = 0; u < layout.units.size(); ++u) units.push_back(measure(dump, u));
    std::stable_sort(units.begin(), units.end(),
                     [&](const auto& a, const auto& b) { return key_of(a, *order) > key_of(b, *order); });
    if (options.as_json) {
        Json json{{"dump", options.folder},
                  {"model", layout.model},
                  {"plan", layout.plan},
                  {"samples", layout.samples},
                  {"rank", kOrderNames.name(*order)},
                  {"units", Json::array()}};
        for (const RankedUnit& unit : units) json["units"].push_back(to_json(unit));
        fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
        return static_cast<int>(ExitCode::ok);
    }
    fmt::print("{}: {} units, {} samples, model {}, quantized by {}\n", options.folder, units.size(), layout.samples,
               layout.model, layout.plan);
    fmt::print("{:<40} {:>7} {:>14} {:>14} {:>9} {:>10} {:>9}\n", "unit, by " + std::string(kOrderNames.name(*order)),
               "stored", "noise/signal", "lpot mse", "SQNR dB", "cosine", "clipped");
    for (const RankedUnit& unit : units) {
        fmt::print("{:<40} {:>7} {:>14.6g} {:>14.6g} {:>9.2f} {:>10.7f} {:>9}\n", unit.unit, to_string(unit.stored),
                   unit.sums.relative(), unit.sums.own_range_mse(), sqnr_db(unit.sums), cosine(unit.sums),
                   unit.stored == DType::f32 ? "-" : fmt::format("{:.4f} %", unit.clipped * 100));
    }
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
