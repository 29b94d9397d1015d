// Calibrator: from samples to ranges to the model that candidates are made from.
//
//   run       each shard: statistics of its samples, one table for each segment between two calibration sizes. Where
//             some candidates equalize the model, both models run, as their values differ channel by channel (Source)
//             Elements that are NaN or infinite are left out and counted
//   merge     rank 0: the tables of all shards, then a size's table as the merge of the segments below it, then ranges
//   install   every rank: the ranges alone, which are a thousandth of the statistics
//   variant   when it is asked for: model and ranges of a calibration index, smoothed where the index has an alpha
#include "eval/calibrator.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/check.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/wire.hpp"
#include "eval/channel_statistics.hpp"
#include "eval/used_rows.hpp"
#include "graph/given.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone {
namespace {

/// Observes the elements that belong to samples. @return how many of them are not finite
std::int64_t observe_runs(ValueStatistics& statistics, std::span<const float> values,
                          const std::vector<UsedRun>& runs) {
    std::int64_t left_out = 0;
    for (const UsedRun& run : runs) left_out += statistics.observe(values.subspan(run.begin, run.count));
    return left_out;
}

/// Returns which rows of a batch hold an element that is not finite.
std::vector<std::int64_t> rows_with_non_finite(std::span<const float> values, const std::vector<UsedRun>& runs) {
    std::set<std::int64_t> found;
    for (const UsedRun& run : runs) {
        const std::size_t part = run.count / static_cast<std::size_t>(run.rows);  // elements of one row
        for (std::size_t i = 0; i < run.count; ++i) {
            if (std::isfinite(values[run.begin + i])) continue;
            const auto row = static_cast<std::int64_t>(i / std::max<std::size_t>(part, 1));
            found.insert(run.row + std::min(row, run.rows - 1));
        }
    }
    return {found.begin(), found.end()};
}

/// Adds one shard's list to what is known.
void read_left_out(ByteReader& wire, LeftOut& left_out) {
    constexpr std::size_t kLeastBytes = 1 + 3 * 8;  // of an entry: the length of a name, and three numbers
    const std::size_t count = wire.get_count(kLeastBytes);
    for (std::size_t i = 0; i < count; ++i) {
        NonFinite& found = left_out[wire.get_text("a value's name")];
        const bool is_new = found.samples == 0;
        found.samples += wire.get<std::int64_t>();
        found.elements += wire.get<std::int64_t>();
        const auto first = wire.get<std::int64_t>();
        found.first = is_new ? first : std::min(found.first, first);
    }
}

void put_left_out(WireWriter& payload, const LeftOut& left_out) {
    payload.put_varint(left_out.size());
    for (const auto& [name, found] : left_out) {
        payload.put_text(name);
        payload.put(found.samples);
        payload.put(found.elements);
        payload.put(found.first);
    }
}

[[noreturn]] void refuse_value(const std::string& name, std::int64_t samples) {
    throw ModelError("calibration: value '" + name + "' is NaN or infinite in each of the " + std::to_string(samples) +
                     " samples");
}

/// What calibration must observe: every value that some plan could quantize. Nothing where all quantized options find
/// their ranges at run time, or have none.
std::vector<TensorPlan> observed_values(const SearchSpace& space) {
    bool has_static = false;
    bool has_other = false;
    for (const Decision& decision : space.decisions()) {
        for (const UnitConfig& option : decision.options) {
            has_static = has_static || option.is_static();
            has_other = has_other || option.is_dynamic() || option.is_weight_only();
        }
    }
    return has_other && !has_static ? std::vector<TensorPlan>{} : space.topology().observable();
}

/// Every way in which some option of the space turns statistics into a range.
std::vector<RangeRule> range_rules(const SearchSpace& space) {
    std::set<RangeRule> rules;
    for (const Decision& decision : space.decisions()) {
        for (const UnitConfig& option : decision.options) {
            // Values of which the model's file gives nothing are ranged by minmax.
            if (option.is_static()) rules.insert(is_given(option) ? RangeRule{} : option.activation.range_rule());
        }
    }
    return {rules.begin(), rules.end()};
}

}  // namespace

Calibrator::Calibrator(const PreparedModel& model, const SearchSpace& space, SampleSource* samples)
    : model_(model), space_(space), samples_(samples), observed_(observed_values(space)) {
    const auto indices = static_cast<std::int64_t>(space.calibration_sizes().size());
    for (std::int64_t c = 0; c < indices; ++c) {
        const bool equalizes = space.preparation(c).equalizes;
        if (source_of(c) < sources_.size()) continue;
        Source& source = sources_.emplace_back();
        source.equalizes = equalizes;
        if (!equalizes) continue;
        source.equalized = model;
        source.equalization = find_recipes(source.equalized, {.equalizes = true}).equalization;
    }
}

/// Returns the number of sources where there is none for this index yet.
std::size_t Calibrator::source_of(std::int64_t calibration) const {
    const bool equalizes = space_.preparation(calibration).equalizes;
    const auto at = std::find_if(sources_.begin(), sources_.end(),
                                 [&](const Source& source) { return source.equalizes == equalizes; });
    return static_cast<std::size_t>(at - sources_.begin());
}

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

/// Makes the sessions that observe. They share no arena and no packed weights with others: they live only as long as
/// calibration does.
void Calibrator::open(Source& source) const {
    if (source.sessions || observed_.empty()) return;
    CompileOptions options;
    for (const TensorPlan& tensor : observed_) options.taps.push_back(tensor.value);
    source.sessions = std::make_unique<ShapedSessions>(model_of(source).graph, options);
    source.unpadded = std::make_unique<UnpaddedValues>(model_.graph, options.taps);
}

ShardResult Calibrator::run(std::int64_t shard) {
    HALFTONE_CHECK(samples_ != nullptr, "calibration has samples");
    const SampleRange range = samples_->shard(shard);
    WireWriter payload;
    for (Source& source : sources_) {
        open(source);
        LeftOut left_out;
        std::int64_t begin = 0;
        for (const std::int64_t end : borders()) {
            // The part of this shard that lies in the segment [begin, end); it may be empty.
            const SampleRange part{std::max(begin, range.first), std::max(begin, std::min(end, range.last))};
            payload.put_text(observe(source, part, left_out).encode());
            begin = end;
        }
        put_left_out(payload, left_out);
    }
    return {.payload = payload.take(), .failure = {}, .sample_units = 0};
}

CalibrationTable Calibrator::observe(const Source& source, SampleRange range, LeftOut& left_out) {
    CalibrationTable table;
    // A segment without samples must have the same rows as any other, or the tables could not be merged.
    for (const TensorPlan& tensor : observed_) (void)table.at(tensor.name);
    if (observed_.empty()) return table;
    Session* session = nullptr;
    const auto inputs_at = [&](const SessionShape& shape) {
        session = &source.sessions->at(shape);
        return inputs_of(*session);
    };
    // Each sample is observed once by each source; where there is one, none is worth keeping.
    const Caching caching = sources_.size() > 1 ? Caching::keep : Caching::pass;
    samples_->for_each_batch(range, inputs_at, caching, [&](const SampleBatch& batch) {
        session->run();
        const UsedParts parts = source.unpadded->parts_of(batch, batch.batch);
        for (std::size_t t = 0; t < observed_.size(); ++t) {
            const TensorPlan& tensor = observed_[t];
            const TensorView value = session->tap(t);
            const Shape& declared = model_.graph.value(tensor.value).type.shape;
            const std::vector<UsedRun> runs = parts.runs(declared, value.type.shape, t);
            const auto values = value.as<float>();
            const std::int64_t elements = observe_runs(table.at(tensor.name), values, runs);
            if (elements == 0) continue;
            // Rare, so the rows are looked for only now.
            NonFinite& found = left_out[tensor.name];
            found.elements += elements;
            for (const std::int64_t row : rows_with_non_finite(values, runs)) {
                const std::int64_t id = batch.ids[static_cast<std::size_t>(row)];
                found.first = found.samples++ == 0 ? id : std::min(found.first, id);
            }
        }
    });
    return table;
}

/// Returns whether anything was observed. Nothing is, if every sample was skipped.
bool Calibrator::has_values(CalibrationTable& table) const {
    return observed_.empty() || std::any_of(observed_.begin(), observed_.end(), [&](const TensorPlan& tensor) {
               return !table.at(tensor.name).is_empty();
           });
}

/// Says what was left out, once for each value. A value that no sample leaves finite is the model's fault, and the
/// range of its other elements would hide it.
void Calibrator::report_left_out(const LeftOut& left_out) const {
    for (const auto& [name, found] : left_out) {
        if (found.samples >= most_samples()) refuse_value(name, found.samples);
        log::warning(
            "calibration",
            "value '{}' is NaN or infinite in {} of its elements, in {} of {} samples (the first is sample {}); "
            "they are left out",
            name, found.elements, found.samples, most_samples(), found.first);
    }
}

std::string Calibrator::merge(const std::vector<std::string>& payloads) {
    const std::vector<std::int64_t> sizes = borders();
    std::vector<std::vector<CalibrationTable>> segments(sources_.size(), std::vector<CalibrationTable>(sizes.size()));
    std::vector<LeftOut> left_out(sources_.size());
    for (const std::string& payload : payloads) {
        ByteReader wire(payload, "a shard's calibration");
        for (std::size_t s = 0; s < sources_.size(); ++s) {
            for (CalibrationTable& segment : segments[s]) segment.merge(CalibrationTable::decode(wire.get_view()));
            read_left_out(wire, left_out[s]);
        }
        wire.require_end<MpiError>();
    }
    // Equalization scales values by finite factors: what is not finite is so in all sources, and is reported once.
    report_left_out(left_out.front());
    const std::vector<RangeRule> rules = range_rules(space_);
    std::vector<std::map<std::int64_t, RangeTable>> ranges(sources_.size());
    statistics_.clear();
    for (std::size_t s = 0; s < sources_.size(); ++s) {
        CalibrationTable merged;
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            merged.merge(segments[s][i]);  // grows from size to size
            if (left_out[s].empty() && !has_values(merged)) refuse_unread_samples("calibration", sizes[i]);
            for (const auto& [name, found] : left_out[s]) {
                if (merged.at(name).is_empty()) refuse_value(name, sizes[i]);
            }
            ranges[s].emplace(sizes[i], RangeTable(merged, rules));
            if (s == 0) statistics_.emplace(sizes[i], merged);
        }
    }
    // In the config's order, with repetitions: a size stands once for each preparation.
    WireWriter out;
    for (std::size_t c = 0; c < space_.calibration_sizes().size(); ++c) {
        const auto index = static_cast<std::int64_t>(c);
        out.put_text(ranges[source_of(index)].at(samples_of(index)).encode());
    }
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
    for (Source& source : sources_) source.sessions.reset();
}

std::shared_ptr<const CalibrationVariant> Calibrator::variant(std::int64_t calibration) {
    const auto known =
        std::find_if(variants_.begin(), variants_.end(), [&](const auto& each) { return each.first == calibration; });
    if (known != variants_.end()) {
        variants_.splice(variants_.begin(), variants_, known);
        return variants_.front().second;
    }
    const Source& source = sources_[source_of(calibration)];
    CalibrationVariant made{
        .model = model_of(source), .ranges = ranges(calibration), .samples = samples_of(calibration)};
    made.recipes.equalization = source.equalization;
    if (const auto alpha = space_.preparation(calibration).smooth_alpha) smooth_variant(made, *alpha);
    variants_.emplace_front(calibration, std::make_shared<const CalibrationVariant>(std::move(made)));
    if (variants_.size() > kKeptVariants) variants_.pop_back();
    return variants_.front().second;
}

/// SmoothQuant: divides each channel of a product's input by a factor, and multiplies the weights with it. The factor
/// comes from the extremes of the channel (exec/smooth.hpp has the formula), so the range of the smoothed value is
/// known from the extremes as well, whatever algorithm the plan names.
void Calibrator::smooth_variant(CalibrationVariant& variant, double alpha) {
    HALFTONE_CHECK(samples_ != nullptr, "smoothing has samples");
    const Graph& graph = variant.model.graph;
    std::set<ChannelsOf> values;  // only products read them
    for (const std::string& name : smoothable_values(graph, variant.model.units)) {
        values.insert({name, ChannelDim::last});
    }
    std::map<std::string, ChannelExtremes> extremes;
    for (auto& [smoothable, statistics] : channel_statistics(graph, values, *samples_, variant.samples)) {
        extremes[smoothable.value] = {.low = std::move(statistics.low), .high = std::move(statistics.high)};
    }
    variant.recipes.smoothing = find_smoothing(graph, variant.model.units, extremes, alpha);
    for (const SmoothedValue& smoothed : variant.recipes.smoothing) {
        const ChannelExtremes& of_value = extremes.at(smoothed.value);
        Range range;
        for (std::size_t c = 0; c < smoothed.factor.size(); ++c) {
            range.low = std::min(range.low, of_value.low[c] / smoothed.factor[c]);
            range.high = std::max(range.high, of_value.high[c] / smoothed.factor[c]);
        }
        variant.ranges.replace(smoothed.value, range);
    }
    variant.model.graph = smooth(graph, variant.model.units, variant.recipes.smoothing);
}

}  // namespace halftone
