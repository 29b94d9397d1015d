// The way of a score.
//
//   ShardScore::add, encode   on a worker: the metrics' states, judgements, margins and non-finite outputs of a shard
//   Payload                   on rank 0: the same, read from bytes that may be damaged
//   ShardMerge                for each candidate: merged states, the paired loss, bounds while shards are missing
//   merge_margins, merge_judgements_of, merge_resampled   what the baseline alone needs
//
// States merge; judgements are paired with fp32's as they arrive. Both come in shard order, whoever computed them, so a
// score and its interval have the same bits for any number of ranks.
#include "eval/shard_score.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/wire.hpp"
#include "eval/sample_source.hpp"
#include "metric/resampling.hpp"

namespace halftone {
namespace {

constexpr double kNoJudgement = std::numeric_limits<double>::quiet_NaN();

/// A payload taken apart. The state is a view into it.
struct Payload {
    std::string_view state;
    std::int64_t samples = 0;
    std::vector<std::int64_t> ids;
    std::vector<double> judgements;
    std::vector<float> margins;
    NonfiniteOutputs nonfinite;
    PaddingFigures padding;

    explicit Payload(const std::string& bytes) {
        ByteReader wire(bytes, "a shard's scores");
        // The order of fields is that of ShardScore::encode; the table in eval/README.md shows it.
        state = wire.get_view("the metrics' states");
        samples = wire.get<std::int64_t>("a number of samples");
        ids.resize(wire.get_count(1, "sample numbers"));
        for (std::int64_t& id : ids) id = static_cast<std::int64_t>(wire.get_varint(INT64_MAX));
        judgements = wire.get_all<double>("judgements");
        margins = wire.get_all<float>("margins");
        nonfinite.samples = wire.get<std::int64_t>("a number of samples without finite outputs");
        nonfinite.first = wire.get_all<std::int64_t>("their numbers");
        padding.used = wire.get<std::int64_t>("a number of elements");
        padding.all = wire.get<std::int64_t>("a number of elements with padding");
        padding.rows = wire.get<std::int64_t>("a number of rows");
        padding.empty_rows = wire.get<std::int64_t>("a number of rows without a sample");
        const std::size_t sessions = wire.get_count(1 + sizeof(std::int64_t), "shapes of inputs");
        for (std::size_t i = 0; i < sessions; ++i) {
            std::string shapes = wire.get_text("shapes of inputs");
            padding.sessions.emplace(std::move(shapes), wire.get<std::int64_t>("samples together"));
        }
        wire.expect(padding.used >= 0 && padding.all >= padding.used, "no more elements of samples than there are");
        wire.expect(padding.empty_rows >= 0 && padding.rows >= padding.empty_rows, "no more empty rows than rows");
        wire.expect(ids.size() == judgements.size(), "a judgement for each sample number");
        wire.expect(nonfinite.samples >= 0 && nonfinite.samples <= samples && nonfinite.first.size() <= kNamedSamples,
                    "a number of samples without finite outputs that can be");
        wire.require_end<MpiError>();
    }
};

void merge_nonfinite(NonfiniteOutputs& all, const NonfiniteOutputs& later) {
    all.samples += later.samples;
    // All such samples are counted, but only the first few are named: a model that gives NaN everywhere would name the
    // whole set.
    const std::size_t room = kNamedSamples - std::min(kNamedSamples, all.first.size());
    all.first.insert(all.first.end(), later.first.begin(),
                     later.first.begin() + static_cast<std::ptrdiff_t>(std::min(room, later.first.size())));
}

bool is_finite(const TensorView& output) {
    if (output.type.dtype != DType::f32) return true;
    const auto values = output.as<float>();
    return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

class ShardMerge final : public ScoreMerge {
public:
    ShardMerge(const MetricSet& metrics, std::int64_t samples, const KnownBaseline* baseline)
        : metrics_(metrics), samples_(samples), baseline_(baseline), state_(metrics.start()) {}

    void add(const std::string& bytes) override {
        const Payload payload(bytes);
        state_.merge(payload.state);
        merge_nonfinite(nonfinite_, payload.nonfinite);
        // Without a baseline this is the fp32 model itself, which loses nothing against itself.
        if (baseline_ == nullptr) return;
        for (std::size_t i = 0; i < payload.ids.size(); ++i) {
            const auto id = static_cast<std::size_t>(payload.ids[i]);
            if (id >= baseline_->judgements.size() || std::isnan(baseline_->judgements[id])) continue;
            // A loss is positive where the candidate is worse, whichever way is better.
            const double fp32 = baseline_->judgements[id];
            const double mine = payload.judgements[i];
            metrics_.is_higher_better() ? pairs_.add(fp32, mine) : pairs_.add(mine, fp32);
        }
    }

    Score score() const override {
        if (state_.samples() == 0 && samples_ > 0) refuse_unread_samples("evaluation", samples_);
        Score score;
        score.samples = state_.samples();
        score.nonfinite = nonfinite_;
        const std::vector<double> values = values_or_failure();
        score.accuracy = state_.goal_value(values);
        score.correct = state_.correct();
        for (std::size_t i = 0; i < values.size(); ++i) score.metrics.push_back({metrics_.name(i), values[i]});
        if (baseline_ != nullptr) score.loss = loss_of(score.accuracy);
        return score;
    }

    std::optional<AccuracyBounds> bounds() const override {
        const auto bounds = state_.bounds(samples_ - state_.samples());
        if (!bounds) return std::nullopt;
        return AccuracyBounds{bounds->low, bounds->high};
    }

private:
    [[nodiscard]] std::vector<double> values_or_failure() const {
        try {
            return state_.values();
        } catch (const MetricFailure& failure) {
            throw ScoreFailure(failure.what());
        }
    }
    [[nodiscard]] ScoreLoss loss_of(double accuracy) const {
        const double fp32 = baseline_->accuracy;
        ScoreLoss loss;
        loss.value = metrics_.is_higher_better() ? fp32 - accuracy : accuracy - fp32;
        const bool has_pairs = pairs_.samples() == state_.samples();
        // Pairs of some samples only would be an interval of something else.
        const Interval interval = has_pairs ? pairs_.interval95() : resampled_interval();
        const double slope = has_pairs ? metrics_.slope(fp32, accuracy) : 1;
        if (std::isfinite(interval.low) && std::isfinite(interval.high)) {
            // The slope turns differences of judgements into differences of the metric's value: for RMSE, judgements
            // are squares.
            loss.ci95 = {slope * interval.low, slope * interval.high};
        }
        return loss;
    }

    /// Of metrics that judge no sample by itself: both models' values of the same draws.
    [[nodiscard]] Interval resampled_interval() const {
        const std::vector<double> mine = state_.resampled();
        const Judgements& fp32 = baseline_->judgements;
        return metrics_.is_higher_better() ? bootstrap95(fp32, mine) : bootstrap95(mine, fp32);
    }

    const MetricSet& metrics_;
    std::int64_t samples_;
    const KnownBaseline* baseline_;
    MetricSetState state_;
    PairedDifferences pairs_;
    NonfiniteOutputs nonfinite_;
};

}  // namespace

void ShardScore::add(const SampleAnswer& answer) {
    // An answer read from such an output is chance, whatever the metric makes of it, so somebody must be told.
    if (!std::all_of(answer.outputs.begin(), answer.outputs.end(), is_finite)) {
        merge_nonfinite(nonfinite_, {.samples = 1, .first = {answer.id}});
    }
    const auto judgement = state_.add(answer);
    if (!judgement) return;
    ids_.push_back(answer.id);
    judgements_.push_back(*judgement);
}

std::string ShardScore::encode() const {
    WireWriter wire;
    wire.put_text(state_.save());
    wire.put(state_.samples());
    wire.put_varint(ids_.size());
    for (const std::int64_t id : ids_) wire.put_varint(static_cast<std::uint64_t>(id));
    wire.put_all(judgements_);
    // In the order of their numbers: samples of different shapes were not run in that order.
    std::vector<float> margins;
    for (const auto& [id, margin] : margins_) margins.push_back(margin);
    wire.put_all(margins);
    wire.put(nonfinite_.samples);
    wire.put_all(nonfinite_.first);
    wire.put(padding_.used);
    wire.put(padding_.all);
    wire.put(padding_.rows);
    wire.put(padding_.empty_rows);
    wire.put_varint(padding_.sessions.size());
    for (const auto& [shapes, rows] : padding_.sessions) {
        wire.put_text(shapes);
        wire.put(rows);
    }
    return wire.take();
}

std::unique_ptr<ScoreMerge> start_score_merge(const MetricSet& metrics, std::int64_t samples,
                                              const KnownBaseline* baseline) {
    return std::make_unique<ShardMerge>(metrics, samples, baseline);
}

std::vector<float> merge_margins(const std::vector<std::string>& payloads) {
    std::vector<float> margins;
    for (const std::string& payload : payloads) {
        const std::vector<float> shard = Payload(payload).margins;
        margins.insert(margins.end(), shard.begin(), shard.end());
    }
    return margins;
}

PaddingFigures merge_padding(const std::vector<std::string>& payloads) {
    PaddingFigures padding;
    for (const std::string& payload : payloads) padding.merge(Payload(payload).padding);
    return padding;
}

Judgements merge_resampled(const MetricSet& metrics, const std::vector<std::string>& payloads) {
    // fp32's values are computed here once and then journaled, because a resumed run must compare with the same ones.
    MetricSetState state = metrics.start();
    for (const std::string& bytes : payloads) state.merge(Payload(bytes).state);
    return state.samples() > 0 ? state.resampled() : Judgements{};
}

Judgements merge_judgements_of(const std::vector<std::string>& payloads, std::int64_t samples) {
    // Samples that were skipped keep the place of their number, so that the others are found by theirs.
    Judgements judgements(static_cast<std::size_t>(samples), kNoJudgement);
    for (const std::string& bytes : payloads) {
        const Payload payload(bytes);
        // A metric that judges only some samples gives no pairs: an interval of these would be one of something else.
        if (std::cmp_not_equal(payload.ids.size(), payload.samples)) return {};
        for (std::size_t i = 0; i < payload.ids.size(); ++i) {
            if (payload.ids[i] >= samples)
                throw MpiError("a shard scored a sample that the evaluation set does not have");
            judgements[static_cast<std::size_t>(payload.ids[i])] = payload.judgements[i];
        }
    }
    return judgements;
}

}  // namespace halftone
