// mse: as basic, but units are ranked in one pass, by how much quantization changes their outputs.
// Source: LPOT 1.5, strategy "mse", with its faults mended (README.md says which).

#include <algorithm>
#include <utility>
#include <vector>

#include "config/reader.hpp"
#include "strategy/fallback.hpp"
#include "strategy/model_wise.hpp"
#include "strategy/strategies.hpp"

namespace halftone {
namespace {

enum class ErrorKind { relative, lpot };
constexpr EnumNames<ErrorKind, 2> kErrorNames{{{{ErrorKind::relative, "relative"}, {ErrorKind::lpot, "lpot"}}}};

struct MseSettings {
    ErrorKind error = ErrorKind::relative;
    bool is_incremental = false;
};

class MseStrategy final : public Strategy {
public:
    MseStrategy(const StrategyContext& context, MseSettings settings)
        : space_(context.space),
          goal_(context.goal),
          settings_(settings),
          dtypes_(fallback_dtypes(context.space)),
          queue_(model_wise_candidates(context.space, context.model_wise)) {}

    [[nodiscard]] Ask ask() override {
        while (stage_ != Stage::done) {
            if (stage_ == Stage::incremental) {
                const auto candidate = walk_->advance(history_);
                if (candidate) return history_.was_asked(*candidate) ? Ask::wait() : propose(*candidate);
            }
            while (position_ < queue_.size()) {
                const Candidate& candidate = queue_[position_++];
                if (!history_.was_asked(candidate)) return propose(candidate);
            }
            if (history_.told() < history_.asked() || is_probing_) return Ask::wait();
            if (stage_ == Stage::model_wise && !errors_) {
                base_ = best_of(queue_, goal_, history_);
                if (dtypes_.empty()) return finish();
                is_probing_ = true;
                return Ask::of(ProbeRequest{ProbeKind::unit_errors, base_.candidate}, "errors");
            }
            begin_next_stage();
        }
        return Ask::done();
    }

    void tell(TrialId trial, const Outcome& outcome) override { history_.add_told(trial, outcome); }

    void tell_probe(std::int64_t, const ProbeResult& result) override {
        errors_ = result;
        is_probing_ = false;
    }

private:
    enum class Stage { model_wise, incremental, cumulative, done };

    [[nodiscard]] Ask finish() {
        stage_ = Stage::done;
        return Ask::done();
    }

    [[nodiscard]] Ask propose(const Candidate& candidate) {
        history_.add_asked(candidate);
        Ask ask = Ask::of(candidate, stage_name());
        // A chain of known candidates: all may run at once, and only whether each passes is looked at.
        ask.verdict_only = stage_ == Stage::cumulative;
        return ask;
    }

    void begin_next_stage() {
        if (stage_ == Stage::model_wise) best_ = base_;
        if (stage_ == Stage::incremental) {
            best_ = walk_->best();
            begin_cumulative();
            return;
        }
        if (stage_ == Stage::cumulative) ++dtype_;
        if (dtype_ == dtypes_.size()) {
            stage_ = Stage::done;
            return;
        }
        moves_ = ranked(fallback_moves(space_, base_.candidate, dtypes_[dtype_]));
        if (!settings_.is_incremental) {
            begin_cumulative();
            return;
        }
        stage_ = Stage::incremental;
        walk_.emplace(space_, goal_, best_, moves_);
        queue_.clear();
        position_ = 0;
    }

    void begin_cumulative() {
        stage_ = Stage::cumulative;
        queue_ = accumulate_moves(space_, base_.candidate, moves_);
        position_ = 0;
    }

    /// Largest error first; without errors, because the probe failed, as they come.
    [[nodiscard]] std::vector<FallbackMove> ranked(std::vector<FallbackMove> moves) const {
        if (!errors_->failure.empty()) return moves;
        const auto error = [&](const FallbackMove& move) {
            const ErrorSums& sums = errors_->values.at(move.decision);
            return settings_.error == ErrorKind::relative ? sums.relative() : sums.own_range_mse();
        };
        std::stable_sort(moves.begin(), moves.end(), [&](const auto& a, const auto& b) { return error(a) > error(b); });
        return moves;
    }

    [[nodiscard]] const char* stage_name() const {
        if (stage_ == Stage::model_wise) return "model_wise";
        return stage_ == Stage::incremental ? "fallback_incremental" : "fallback_cumulative";
    }

    const SearchSpace& space_;
    Goal goal_;
    MseSettings settings_;
    History history_;
    std::vector<DType> dtypes_;
    std::size_t dtype_ = 0;
    Stage stage_ = Stage::model_wise;
    std::vector<Candidate> queue_;
    std::size_t position_ = 0;
    bool is_probing_ = false;
    std::optional<ProbeResult> errors_;
    Judged base_;  ///< the best model-wise candidate
    Judged best_;  ///< end of the incremental walks so far
    std::vector<FallbackMove> moves_;
    std::optional<IncrementalWalk> walk_;
};

}  // namespace

std::unique_ptr<Strategy> make_mse(const StrategyContext& context) {
    Reader reader(context.settings);
    MseSettings settings;
    settings.error = reader.word("error", kErrorNames, settings.error);
    settings.is_incremental = reader.boolean("incremental", settings.is_incremental);
    reader.finish();
    return std::make_unique<MseStrategy>(context, settings);
}

}  // namespace halftone
