#include "eval/sample_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/log.hpp"

namespace halftone {
namespace {

/// What is read before it is sorted by shape: enough for some samples of each shape, and little memory also where
/// samples are large pictures.
constexpr std::int64_t kWindowSamples = 64;
constexpr std::size_t kWindowBytes = std::size_t{64} << 20U;

}  // namespace

void PaddingFigures::merge(const PaddingFigures& other) {
    used += other.used;
    all += other.all;
    shapes.insert(other.shapes.begin(), other.shapes.end());
}

std::string PaddingFigures::to_text() const {
    const double share = all == 0 ? 0.0 : 100.0 * static_cast<double>(all - used) / static_cast<double>(all);
    return fmt::format("{} shape{} with a session each; {:.1f} % of the input elements that run are padding",
                       shapes.size(), shapes.size() == 1 ? "" : "s", share);
}

std::int64_t shard_count(std::int64_t samples, std::int64_t wanted) {
    return std::max<std::int64_t>(1, std::min(wanted, samples));
}

SampleSource::SampleSource(const Pipeline& data, const SampleCut& cut)
    : data_(data), cut_(cut), skips_bad_samples_(data.skips_bad_samples()), cache_(data, cut.cache_bytes) {}

/// A sample as the pipeline reads it, or from memory, whose numbers are rows that the model has.
const Sample& SampleSource::read_checked(std::int64_t id, Caching caching) {
    const Sample& sample = cache_.read(id, caching == Caching::keep);
    check_indices(sample, cut_.fields, cut_.index_limits, data_);
    return sample;
}

/// Null: the sample cannot be read, and is left out.
const Sample* SampleSource::find_sample(std::int64_t id, Caching caching) {
    if (!skips_bad_samples_) return &read_checked(id, caching);
    if (skipped_.contains(id)) return nullptr;
    try {
        return &read_checked(id, caching);
    } catch (const DataError& error) {
        log::warning("data", "sample {} is skipped: {}", id, error.what());
        skipped_.insert(id);
        return nullptr;
    }
}

void SampleSource::set_order(std::vector<std::int64_t> order) {
    HALFTONE_CHECK(std::cmp_equal(order.size(), size()), "an order names every sample once");
    order_ = std::move(order);
}

/// Reads the samples of the next batch; where shapes differ, those of several batches, sorted by shape.
/// @param position  of the first one; receives the position behind the last one
std::vector<SampleSource::ReadSample> SampleSource::read_window(std::int64_t& position, std::int64_t end,
                                                                Caching caching) {
    const bool is_open = has_open_shapes();
    // Whole batches, so that only the last one of the range is short where all shapes are equal.
    const std::int64_t batches = is_open ? std::max<std::int64_t>(1, kWindowSamples / batch()) : 1;
    const std::int64_t last = std::min(end, position + batches * batch());
    std::vector<ReadSample> read;
    std::size_t bytes = 0;
    for (; position < last && bytes < kWindowBytes; ++position) {
        const std::int64_t id = order_.empty() ? position : order_[static_cast<std::size_t>(position)];
        const Sample* sample = find_sample(id, caching);
        if (sample == nullptr) continue;
        // The copy shares the memory of the tensors.
        read.push_back({.position = position, .id = id, .sample = *sample, .shapes = cut_.open.of(*sample)});
        if (is_open) bytes += bytes_of(*sample);
    }
    // Stable: which samples share a batch depends on the range and the order alone.
    std::stable_sort(read.begin(), read.end(), [](const ReadSample& a, const ReadSample& b) {
        return std::lexicographical_compare(a.shapes.begin(), a.shapes.end(), b.shapes.begin(), b.shapes.end(),
                                            [](const Shape& x, const Shape& y) { return x.dims() < y.dims(); });
    });
    return read;
}

void SampleSource::feed_batch(std::span<const ReadSample> samples, std::int64_t first,
                              std::span<const MutableView> inputs,
                              const std::function<void(const SampleBatch&)>& body) {
    std::vector<std::int64_t> ids;
    std::vector<std::vector<FieldValue>> targets;
    std::vector<InputShapes> unpadded;
    bool is_padded = false;
    for (const ReadSample& read : samples) {
        put_sample(read.sample, cut_.fields, static_cast<std::int64_t>(ids.size()), batch(), inputs);
        ids.push_back(read.id);
        targets.push_back(read.sample.targets);
        unpadded.push_back(cut_.open.unpadded(read.sample));
        is_padded = is_padded || !unpadded.back().empty();
    }
    if (!is_padded) unpadded.clear();
    const auto rows = static_cast<std::int64_t>(ids.size());
    clear_rows(rows, batch(), inputs);
    if (has_open_shapes()) count_padding(samples, unpadded, inputs);
    body({.first = first, .rows = rows, .ids = ids, .targets = targets, .unpadded = unpadded});
}

void SampleSource::count_padding(std::span<const ReadSample> samples, std::span<const InputShapes> unpadded,
                                 std::span<const MutableView> inputs) {
    std::string shapes;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const std::int64_t elements = inputs[i].elements();
        padding_.all += elements;
        shapes += (shapes.empty() ? "" : ", ") + inputs[i].type.shape.to_text();
        for (std::size_t row = 0; row < samples.size(); ++row) {
            if (unpadded.empty() || unpadded[row].empty()) {
                padding_.used += elements / batch();
                continue;
            }
            std::int64_t used = 1;
            const auto& dims = unpadded[row][i].dims();
            // The batch is open, or it is the number of rows that all samples share.
            for (std::size_t d = 0; d < dims.size(); ++d) {
                const bool is_batch = d == 0 && (dims[d] == kSymbolic || (batch() > 1 && dims[d] == batch()));
                used *= is_batch ? 1 : dims[d];
            }
            padding_.used += used;
        }
    }
    padding_.shapes.insert(std::move(shapes));
}

void SampleSource::for_each_batch(SampleRange range, const InputsAt& inputs_at, Caching caching,
                                  const std::function<void(const SampleBatch&)>& body) {
    std::optional<InputShapes> shapes;  // of the last batch
    std::vector<MutableView> inputs;
    std::int64_t position = range.first;
    while (position < range.last) {
        const std::int64_t first = position;
        // The last batch is short rather than filled from the next shard: a shard's result must not depend on which
        // rank computes its neighbour.
        const std::vector<ReadSample> read = read_window(position, range.last, caching);
        for (std::size_t begin = 0; begin < read.size();) {
            std::size_t end = begin;
            while (end < read.size() && std::cmp_less(end - begin, batch()) && read[end].shapes == read[begin].shapes) {
                ++end;
            }
            if (shapes != read[begin].shapes) {
                shapes = read[begin].shapes;
                inputs = inputs_at(*shapes);
            }
            if (!inputs.empty()) {
                feed_batch(std::span(read).subspan(begin, end - begin),
                           has_open_shapes() ? read[begin].position : first, inputs, body);
            }
            begin = end;
        }
    }
}

void SampleSource::for_each_batch(SampleRange range, std::span<const MutableView> inputs, Caching caching,
                                  const std::function<void(const SampleBatch&)>& body) {
    const std::vector<MutableView> views(inputs.begin(), inputs.end());
    for_each_batch(
        range, [&](const InputShapes&) { return views; }, caching, body);
}

}  // namespace halftone
