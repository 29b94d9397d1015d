// SampleSource: from a range of samples to batches.
//
//   for_each_batch   one window of samples after the other; the next one is read ahead (start_reading)
//   read_window      one batch; where shapes differ, many samples, sorted by shape
//   batches_of       which of them share a batch (batch_sizes), and how many rows it has
//   feed_batch       their values into the inputs of a session, zeros into rows without a sample
//   count_padding    how much of their rows is padding, and how many rows hold no sample
#include "eval/sample_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"

namespace halftone {
namespace {

/// What is read before it is sorted by shape: usually a whole shard, so that many samples share each shape, and little
/// memory also where samples are large pictures.
constexpr std::int64_t kWindowSamples = 4096;
constexpr std::size_t kWindowBytes = std::size_t{64} << 20U;
/// A batch that cannot be filled is run in parts of a quarter of its size and in single samples: that takes two more
/// sessions for a shape, and at most as many runs of single samples as a quarter has rows.
constexpr std::int64_t kSmallerBatch = 4;

}  // namespace

void PaddingFigures::merge(const PaddingFigures& other) {
    used += other.used;
    all += other.all;
    rows += other.rows;
    empty_rows += other.empty_rows;
    sessions.insert(other.sessions.begin(), other.sessions.end());
}

std::size_t PaddingFigures::shapes() const {
    std::set<std::string_view> distinct;
    for (const auto& [shapes, together] : sessions) distinct.insert(shapes);
    return distinct.size();
}

std::string PaddingFigures::to_text() const {
    const double share = all == 0 ? 0.0 : 100.0 * static_cast<double>(all - used) / static_cast<double>(all);
    const std::size_t count = shapes();
    std::string text = fmt::format(
        "{} shape{} {}; {:.1f} % of the input elements that run are padding", count, count == 1 ? "" : "s",
        count == sessions.size() ? "with a session each" : fmt::format("in {} sessions", sessions.size()), share);
    if (empty_rows > 0) {
        text += fmt::format("; the model fixes its batch, and {} of {} rows hold no sample", empty_rows, rows);
    }
    return text;
}

std::vector<std::int64_t> batch_sizes(std::int64_t samples, std::int64_t most) {
    HALFTONE_CHECK(samples >= 0 && most >= 1, "a number of samples, and room for one of them");
    std::vector<std::int64_t> sizes;
    for (const std::int64_t size : {most, std::max<std::int64_t>(1, most / kSmallerBatch), std::int64_t{1}}) {
        for (; samples >= size; samples -= size) sizes.push_back(size);
    }
    return sizes;
}

void refuse_unread_samples(const std::string& purpose, std::int64_t samples) {
    throw DataError(fmt::format(
        "{}: no sample can be read. on_bad_sample: skip left out every one (samples: {}); the warnings above "
        "say why",
        purpose, samples));
}

std::int64_t shard_count(std::int64_t samples, std::int64_t wanted, std::int64_t rows) {
    HALFTONE_CHECK(samples >= 0 && rows >= 1, "a number of samples, and room for one of them");
    return std::max<std::int64_t>(1, std::min(wanted, (samples + rows - 1) / rows));
}

SampleSource::SampleSource(const Pipeline& data, const SampleCut& cut)
    : data_(data),
      cut_(cut),
      skips_bad_samples_(data.skips_bad_samples()),
      cache_(data, cut.cache_bytes, cut.samples) {}

// Where shapes differ and the model fixes no batch, batches are cut to the samples that are there (batch_sizes).
std::int64_t SampleSource::whole_rows() const {
    return !has_open_shapes() || cut_.open.has_fixed_batch() ? cut_.batch : 1;
}

std::int64_t SampleSource::shards_of(std::int64_t samples) const {
    return shard_count(samples, cut_.shards, whole_rows());
}

SampleRange SampleSource::shard(std::int64_t index) const {
    const std::int64_t rows = whole_rows();
    const SampleRange batches = shard_range((size() + rows - 1) / rows, shards(), index);
    return {std::min(batches.first * rows, size()), std::min(batches.last * rows, size())};
}

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
/// @param last  of the range, exclusive
SampleSource::Window SampleSource::read_window(std::int64_t position, std::int64_t last, Caching caching) {
    const auto start = SystemClock().now();
    const bool is_open = has_open_shapes();
    // One batch where all shapes are equal, so that only the last one of the range is short.
    const std::int64_t end = std::min(last, position + (is_open ? kWindowSamples : batch()));
    std::vector<ReadSample> read;
    std::size_t bytes = 0;
    for (; position < end && bytes < kWindowBytes; ++position) {
        const std::int64_t id = id_at(position);
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
    return {.samples = std::move(read), .end = position, .took = SystemClock().now() - start};
}

/// Cuts samples that lie side by side where their shapes are equal. With each batch stands how many rows it has.
std::vector<std::pair<std::span<const SampleSource::ReadSample>, std::int64_t>> SampleSource::batches_of(
    std::span<const ReadSample> read) const {
    std::vector<std::pair<std::span<const ReadSample>, std::int64_t>> batches;
    while (!read.empty()) {
        const auto other = std::find_if(read.begin(), read.end(),
                                        [&](const ReadSample& sample) { return sample.shapes != read.front().shapes; });
        std::int64_t alike = other - read.begin();
        std::vector<std::int64_t> sizes;
        if (has_open_shapes() && !cut_.open.has_fixed_batch()) {
            sizes = batch_sizes(alike, cut_.open.most_rows(read.front().shapes, batch()));
        } else {
            sizes.assign(static_cast<std::size_t>((alike + batch() - 1) / batch()), batch());
        }
        for (const std::int64_t rows : sizes) {
            const auto samples = static_cast<std::size_t>(std::min(rows, alike));
            batches.emplace_back(read.first(samples), rows);
            read = read.subspan(samples);
            alike -= rows;
        }
    }
    return batches;
}

void SampleSource::feed_batch(std::span<const ReadSample> samples, std::int64_t first, std::int64_t batch,
                              std::span<const MutableView> inputs,
                              const std::function<void(const SampleBatch&)>& body) {
    std::vector<std::int64_t> ids;
    std::vector<std::vector<FieldValue>> targets;
    std::vector<InputShapes> unpadded;
    bool is_padded = false;
    for (const ReadSample& read : samples) {
        try {
            put_sample(read.sample, cut_.fields, static_cast<std::int64_t>(ids.size()), batch, inputs);
        } catch (DataError& error) {
            error.add_context(data_.place(read.id));
            throw;
        }
        ids.push_back(read.id);
        targets.push_back(read.sample.targets);
        unpadded.push_back(cut_.open.unpadded(read.sample));
        is_padded = is_padded || !unpadded.back().empty();
    }
    if (!is_padded) unpadded.clear();
    const auto rows = static_cast<std::int64_t>(ids.size());
    clear_rows(rows, batch, inputs);
    if (has_open_shapes()) count_padding(samples, unpadded, batch, inputs);
    body({.first = first, .rows = rows, .batch = batch, .ids = ids, .targets = targets, .unpadded = unpadded});
}

void SampleSource::count_padding(std::span<const ReadSample> samples, std::span<const InputShapes> unpadded,
                                 std::int64_t batch, std::span<const MutableView> inputs) {
    std::string shapes;
    padding_.rows += batch;
    padding_.empty_rows += batch - static_cast<std::int64_t>(samples.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const std::int64_t elements = inputs[i].elements();
        padding_.all += elements / batch * static_cast<std::int64_t>(samples.size());
        shapes += (shapes.empty() ? "" : ", ") + samples.front().shapes[i].to_text();
        for (std::size_t row = 0; row < samples.size(); ++row) {
            if (unpadded.empty() || unpadded[row].empty()) {
                padding_.used += elements / batch;
                continue;
            }
            std::int64_t used = 1;
            const auto& dims = unpadded[row][i].dims();
            // The batch is open, or it is the number of rows that all samples share.
            for (std::size_t d = 0; d < dims.size(); ++d) {
                const bool is_batch = d == 0 && (dims[d] == kSymbolic || (batch > 1 && dims[d] == batch));
                used *= is_batch ? 1 : dims[d];
            }
            padding_.used += used;
        }
    }
    padding_.sessions.emplace(std::move(shapes), batch);
}

/// Reads the next window: in a thread of its own where that is allowed and something is to be read, else when get() is
/// called. Both read the same samples in the same order, so nothing else differs. Until get() returns, nobody else may
/// use the cache or the list of skipped samples.
std::future<SampleSource::Window> SampleSource::start_reading(std::int64_t position, std::int64_t last,
                                                              Caching caching) {
    // A batch that lies in memory is there sooner than a thread, and so is one of small arrays.
    const bool is_there = position >= last || last_read_ < cut_.worth_a_thread ||
                          (!has_open_shapes() && cache_.has_finished(id_at(position)));
    const auto policy = cut_.reads_ahead && !is_there ? std::launch::async : std::launch::deferred;
    return std::async(policy, [this, position, last, caching] { return read_window(position, last, caching); });
}

void SampleSource::for_each_batch(SampleRange range, const InputsAt& inputs_at, Caching caching,
                                  const std::function<void(const SampleBatch&)>& body) {
    std::optional<SessionShape> shape;  // of the last batch
    std::vector<MutableView> inputs;
    std::int64_t position = range.first;
    // Its destructor waits for the thread, also when `body` throws.
    std::future<Window> next;
    while (position < range.last) {
        const std::int64_t first = position;
        // The last batch is short rather than filled from the next shard: a shard's result must not depend on which
        // rank computes its neighbour.
        const Window window = next.valid() ? next.get() : read_window(position, range.last, caching);
        position = window.end;
        last_read_ = window.took;
        next = start_reading(position, range.last, caching);
        for (const auto& [samples, rows] : batches_of(window.samples)) {
            if (SessionShape wanted{samples.front().shapes, rows}; shape != wanted) {
                shape = std::move(wanted);
                inputs = inputs_at(*shape);
            }
            if (inputs.empty()) continue;
            feed_batch(samples, has_open_shapes() ? samples.front().position : first, rows, inputs, body);
        }
    }
}

void SampleSource::for_each_batch(SampleRange range, std::span<const MutableView> inputs, Caching caching,
                                  const std::function<void(const SampleBatch&)>& body) {
    const std::vector<MutableView> views(inputs.begin(), inputs.end());
    for_each_batch(
        range, [&](const SessionShape&) { return views; }, caching, body);
}

}  // namespace halftone
