// Calibrator: from samples to ranges to the model that candidates are made from.
//
//   run       each shard: statistics of its samples, one table for each segment between two calibration sizes
//   merge     rank 0: the tables of all shards, then a size's table as the merge of the segments below it, then ranges
//   install   every rank: the ranges alone, which are a thousandth of the statistics
//   variant   on first use: model and ranges of a calibration index, smoothed where the index has an alpha
#include "eval/calibrator.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/check.hpp"
#include "base/error.hpp"
#include "base/wire.hpp"
#include "eval/channel_statistics.hpp"
#include "eval/used_rows.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

/// Observes a value of a padded batch without the padding. @return the number of values that are not finite
std::int64_t observe_rows(ValueStatistics& statistics, TensorView value, const Shape& declared, std::int64_t rows) {
    const auto values = value.as<float>();
    const auto [block, used] = used_rows(declared, value.type.shape, rows);
    std::int64_t left_out = 0;
    for (std::size_t begin = 0; begin < values.size(); begin += block) {
        left_out += statistics.observe(values.subspan(begin, used));
    }
    return left_out;
}

/// Every way in which some option of the space turns statistics into a range.
std::vector<RangeRule> range_rules(const SearchSpace& space) {
    std::set<RangeRule> rules;
    for (const Decision& decision : space.decisions()) {
        for (const UnitConfig& option : decision.options) {
            if (option.is_quantized()) rules.insert(option.activation.range_rule());
        }
    }
    return {rules.begin(), rules.end()};
}

}  // namespace

Calibrator::Calibrator(const PreparedModel& model, const SearchSpace& space, SampleSource* samples)
    : model_(model), space_(space), samples_(samples), observed_(space.topology().observable()) {}

/// Distinct calibration sizes, ascending. They cut the samples into segments: the table of a size is the merge of the
/// segments below it, so that every sample is observed once however many sizes there are.
std::vector<std::int64_t> Calibrator::borders() const {
    std::vector<std::int64_t> borders(space_.calibration_sizes());
    std::sort(borders.begin(), borders.end());
    borders.erase(std::unique(borders.begin(), borders.end()), borders.end());
    return borders;
}

std::int64_t Calibrator::samples_of(std::int64_t calibration) const {
    return space_.calibration_sizes()[static_cast<std::size_t>(calibration)];
}

ShardResult Calibrator::run(std::int64_t shard) {
    HALFTONE_CHECK(samples_ != nullptr, "calibration has samples");
    if (!session_) {
        // No shared arena and no packed weights: this session lives only as long as calibration does.
        CompileOptions options;
        options.batch = samples_->batch();
        for (const TensorPlan& tensor : observed_) options.taps.push_back(tensor.value);
        session_ = std::make_unique<Session>(model_.graph, reference_ops(), options);
    }
    const SampleRange range = samples_->shard(shard);
    WireWriter payload;
    std::int64_t begin = 0;
    for (const std::int64_t end : borders()) {
        // The part of this shard that lies in the segment [begin, end); it may be empty.
        const SampleRange part{std::max(begin, range.first), std::max(begin, std::min(end, range.last))};
        payload.put_text(observe(part).encode());
        begin = end;
    }
    return {.payload = payload.take(), .failure = {}, .sample_units = 0};
}

CalibrationTable Calibrator::observe(SampleRange range) {
    CalibrationTable table;
    // A segment without samples must have the same rows as any other, or the tables could not be merged.
    for (const TensorPlan& tensor : observed_) (void)table.at(tensor.name);
    // Each sample is observed once in a run: nothing is worth keeping.
    samples_->for_each_batch(range, inputs_of(*session_), Caching::pass, [&](const SampleBatch& batch) {
        session_->run();
        for (std::size_t t = 0; t < observed_.size(); ++t) {
            const TensorPlan& tensor = observed_[t];
            const Shape& declared = model_.graph.value(tensor.value).type.shape;
            if (observe_rows(table.at(tensor.name), session_->tap(t), declared, batch.rows) == 0) continue;
            throw ModelError("calibration: value '" + tensor.name +
                             "' is NaN or infinite for a sample at or after number " + std::to_string(batch.first));
        }
    });
    return table;
}

std::string Calibrator::merge(const std::vector<std::string>& payloads) {
    const std::vector<std::int64_t> sizes = borders();
    std::vector<CalibrationTable> segments(sizes.size());
    for (const std::string& payload : payloads) {
        ByteReader wire(payload, "a shard's calibration");
        for (CalibrationTable& segment : segments) segment.merge(CalibrationTable::decode(wire.get_view()));
        wire.require_end<MpiError>();
    }
    const std::vector<RangeRule> rules = range_rules(space_);
    std::map<std::int64_t, RangeTable> by_size;
    CalibrationTable merged;
    statistics_.clear();
    for (std::size_t s = 0; s < segments.size(); ++s) {
        merged.merge(segments[s]);  // grows from size to size
        by_size.emplace(sizes[s], RangeTable(merged, rules));
        statistics_.emplace(sizes[s], merged);
    }
    // In the config's order, with repetitions: with SmoothQuant a size stands once for each alpha.
    WireWriter out;
    for (const std::int64_t size : space_.calibration_sizes()) out.put_text(by_size.at(size).encode());
    return out.take();
}

void Calibrator::install(const std::string& merged) {
    ByteReader wire(merged, "the ranges of the calibration");
    ranges_.clear();
    variants_.clear();
    for (std::size_t i = 0; i < space_.calibration_sizes().size(); ++i) {
        ranges_.push_back(RangeTable::decode(wire.get_view()));
    }
    wire.require_end<MpiError>();
    session_.reset();
}

const CalibrationVariant& Calibrator::variant(std::int64_t calibration) {
    const auto known = variants_.find(calibration);
    if (known != variants_.end()) return known->second;
    CalibrationVariant made{.model = model_, .ranges = ranges(calibration), .samples = samples_of(calibration)};
    const auto& alphas = space_.smoothing();
    if (!alphas.empty()) smooth_variant(made, alphas[static_cast<std::size_t>(calibration)]);
    return variants_.emplace(calibration, std::move(made)).first->second;
}

/// SmoothQuant: divides each channel of a product's input by a factor, and multiplies the weights with it. The factor
/// comes from the extremes of the channel (exec/smooth.hpp has the formula), so the range of the smoothed value is
/// known from the extremes as well, whatever algorithm the plan names.
void Calibrator::smooth_variant(CalibrationVariant& variant, double alpha) {
    HALFTONE_CHECK(samples_ != nullptr, "smoothing has samples");
    const Graph& graph = variant.model.graph;
    const std::vector<std::string> names = smoothable_values(graph, variant.model.units);
    for (const auto& [name, statistics] : channel_statistics(graph, names, *samples_, variant.samples)) {
        SmoothedValue smoothed =
            find_smoothing(graph, variant.model.units, name, statistics.low, statistics.high, alpha);
        Range range;
        for (std::size_t c = 0; c < smoothed.factor.size(); ++c) {
            range.low = std::min(range.low, statistics.low[c] / smoothed.factor[c]);
            range.high = std::max(range.high, statistics.high[c] / smoothed.factor[c]);
        }
        variant.ranges.replace(name, range);
        variant.smoothing.push_back(std::move(smoothed));
    }
    variant.model.graph = smooth(graph, variant.model.units, variant.smoothing);
}

}  // namespace halftone
