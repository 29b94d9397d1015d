#pragma once
// SampleSource: the samples of one data set as padded batches. Calibration, scoring, probes and corrections all read
// through this one loop, so order, padding and caching are decided in a single place. Not thread-safe: one process owns
// one source for each data set, and the pipeline outlives it.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/dataset.hpp"
#include "eval/index_limits.hpp"
#include "eval/open_shapes.hpp"
#include "eval/sample_cache.hpp"
#include "eval/sample_feed.hpp"

// A source may start a thread that reads samples ahead. It has ended whenever a function of the source returns.

namespace halftone {

/// How a data set is cut. None of these numbers depends on ranks, so every rank cuts it alike.
struct SampleCut {
    std::int64_t samples = 0;     ///< only the first so many samples of the data set are used
    std::int64_t shards = 20;     ///< wanted; a source may have fewer, see SampleSource::shards()
    std::int64_t batch = 25;      ///< samples that run together, see SampleSource::for_each_batch
    std::size_t cache_bytes = 0;  ///< preprocessed samples that may stay in memory
    InputFields fields{};         ///< which field feeds each input; empty: the fields in their order
    /// By graph input: how many rows of a table its numbers may name. Empty: nothing is checked.
    std::vector<IndexLimit> index_limits{};
    OpenShapes open{};  ///< which sizes of the inputs differ from sample to sample
    /// Whether the next samples are read by a thread of their own while a batch runs. It changes no result.
    bool reads_ahead = false;
    /// Samples of a batch that took less to read than this are not read ahead: starting a thread, and waiting for it on
    /// a busy machine, takes longer.
    std::chrono::nanoseconds worth_a_thread = std::chrono::milliseconds(1);
};

/// One batch as a reader of the source sees it. The spans are valid during the call only.
struct SampleBatch {
    std::int64_t first = 0;               ///< position of its first sample in the source's order
    std::int64_t rows = 0;                ///< rows that hold samples; the rows behind them are padding
    std::int64_t batch = 0;               ///< all rows
    std::span<const std::int64_t> ids{};  ///< number in the data set, one for each row that holds a sample
    /// By row that holds a sample, then by target of the schema.
    std::span<const std::vector<FieldValue>> targets{};
    /// By row that holds a sample: the shapes that the inputs would have without padding, empty where nothing of the
    /// sample is padding. Empty: that is so for all.
    std::span<const InputShapes> unpadded{};
};

/// How much of what was run is padding, and what sessions it took.
struct PaddingFigures {
    std::int64_t used = 0;        ///< elements of inputs that belong to samples
    std::int64_t all = 0;         ///< elements of inputs in rows that hold a sample
    std::int64_t rows = 0;        ///< that were run
    std::int64_t empty_rows = 0;  ///< of these, the rows that hold no sample: a model with a fixed batch has them
    /// The shapes of a session's inputs as text, without the batch, and how many samples it runs together.
    std::set<std::pair<std::string, std::int64_t>> sessions{};

    void merge(const PaddingFigures& other);
    /// Returns how many shapes there are, whatever the number of samples together.
    [[nodiscard]] std::size_t shapes() const;
    /// Returns a sentence for the log: "7 shapes in 12 sessions; 12.5 % of the input elements that run are padding".
    /// Empty rows are told of beside it: no sample and no collate section is to blame for them.
    [[nodiscard]] std::string to_text() const;
};

/// Whether a batch that is read is worth memory: `keep` for samples that come round again, `pass` for one look.
enum class Caching : std::uint8_t { keep, pass };

/// Refuses a data set of which every sample was skipped (on_bad_sample: skip).
/// @param purpose  "calibration" or "evaluation"
/// @throws DataError
[[noreturn]] void refuse_unread_samples(const std::string& purpose, std::int64_t samples);

/// Returns how many logical shards so many samples are cut into: `wanted`, but at least 1, and not more than there are
/// batches of `rows` samples. A shard runs whole batches, so with more shards most rows would hold no sample.
/// @pre samples >= 0, rows >= 1
[[nodiscard]] std::int64_t shard_count(std::int64_t samples, std::int64_t wanted, std::int64_t rows);

/// Returns into batches of which sizes so many samples of one shape are cut: as many of `most` as fit, then of a
/// quarter of that, then single ones. So no row is without a sample, and a shape takes three sessions at most.
/// @pre samples >= 0, most >= 1
[[nodiscard]] std::vector<std::int64_t> batch_sizes(std::int64_t samples, std::int64_t most);

class SampleSource {
public:
    SampleSource(const Pipeline& data, const SampleCut& cut);

    [[nodiscard]] std::int64_t size() const { return cut_.samples; }
    /// Returns how many samples run together at most.
    [[nodiscard]] std::int64_t batch() const { return cut_.batch; }
    /// Returns into how many shards the source is cut. It depends on config and data only.
    [[nodiscard]] std::int64_t shards() const { return shards_of(cut_.samples); }
    /// Returns into how many shards the first `samples` samples would be cut.
    [[nodiscard]] std::int64_t shards_of(std::int64_t samples) const;
    /// Returns the samples of one shard: whole batches, so that only the last batch of all has rows without a sample.
    /// @pre 0 <= index < shards()
    [[nodiscard]] SampleRange shard(std::int64_t index) const;

    /// Returns where the targets of a sample lie, for messages.
    [[nodiscard]] std::string targets_place(std::int64_t id) const { return data_.targets_place(id); }
    [[nodiscard]] bool skips_bad_samples() const { return skips_bad_samples_; }
    /// Returns how many samples could not be read so far and were left out (on_bad_sample: skip).
    [[nodiscard]] std::int64_t skipped() const { return static_cast<std::int64_t>(skipped_.size()); }

    /// From now on the n-th sample is the data set's order[n].
    /// @pre order has size() elements
    void set_order(std::vector<std::int64_t> order);

    /// Returns the inputs of the session that runs samples of this shape, by graph input. It is called before each
    /// batch whose shape is another than the last one's. Returns nothing where there is no session: such a batch is
    /// left out.
    using InputsAt = std::function<std::vector<MutableView>(const SessionShape&)>;

    /// Copies the samples of `range` into the inputs of a session, one batch after the other, and calls `body` after
    /// each batch. Every range begins with a batch of its own, so a sample's row depends on the range but never on what
    /// was read before. A sample that cannot be read takes no row where the config says on_bad_sample: skip; a batch
    /// without samples is left out.
    ///
    /// Where all samples have one shape, every batch has batch() rows; those of the last one that hold no sample are
    /// zero. Where shapes differ, the samples of the range are sorted by shape, those of equal shapes in their order,
    /// and cut by batch_sizes(): such a batch has no row without a sample.
    /// @throws DataError  as the data set does, and when a value does not fit its input
    void for_each_batch(SampleRange range, const InputsAt& inputs, Caching caching,
                        const std::function<void(const SampleBatch&)>& body);
    /// The same where all samples have one shape. @param inputs  of the only session, by graph input
    void for_each_batch(SampleRange range, std::span<const MutableView> inputs, Caching caching,
                        const std::function<void(const SampleBatch&)>& body);

    /// Returns whether sizes differ from sample to sample, padding left aside.
    [[nodiscard]] bool has_open_shapes() const { return !cut_.open.is_empty(); }
    /// Returns what was counted since the last call. Nothing is counted where all samples have one shape.
    [[nodiscard]] PaddingFigures take_padding() { return std::exchange(padding_, {}); }

private:
    /// Returns how many rows every batch has, whether samples fill them or not; 1 where batches are cut to the samples
    /// that are there.
    [[nodiscard]] std::int64_t whole_rows() const;

    /// A sample that was read, and where it belongs.
    struct ReadSample {
        std::int64_t position = 0;  ///< in the source's order
        std::int64_t id = 0;
        Sample sample{};
        InputShapes shapes{};
    };
    /// Samples that were read together, and the position behind the last one.
    struct Window {
        std::vector<ReadSample> samples{};
        std::int64_t end = 0;
        std::chrono::nanoseconds took{0};
    };
    [[nodiscard]] Window read_window(std::int64_t position, std::int64_t last, Caching caching);
    [[nodiscard]] std::future<Window> start_reading(std::int64_t position, std::int64_t last, Caching caching);
    [[nodiscard]] std::int64_t id_at(std::int64_t position) const {
        return order_.empty() ? position : order_[static_cast<std::size_t>(position)];
    }
    [[nodiscard]] std::vector<std::pair<std::span<const ReadSample>, std::int64_t>> batches_of(
        std::span<const ReadSample> read) const;
    void feed_batch(std::span<const ReadSample> samples, std::int64_t first, std::int64_t batch,
                    std::span<const MutableView> inputs, const std::function<void(const SampleBatch&)>& body);
    void count_padding(std::span<const ReadSample> samples, std::span<const InputShapes> unpadded, std::int64_t batch,
                       std::span<const MutableView> inputs);
    [[nodiscard]] const Sample* find_sample(std::int64_t id, Caching caching);
    [[nodiscard]] const Sample& read_checked(std::int64_t id, Caching caching);

    const Pipeline& data_;
    SampleCut cut_;
    std::vector<std::int64_t> order_;  ///< empty: samples keep the data set's order
    bool skips_bad_samples_;
    SampleCache cache_;
    std::set<std::int64_t> skipped_;  ///< numbers in the data set
    PaddingFigures padding_;
    std::chrono::nanoseconds last_read_{0};  ///< what the last window took to read
};

}  // namespace halftone
