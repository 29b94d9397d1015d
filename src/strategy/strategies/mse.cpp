// mse: as basic, but units are ranked in one pass, by how much quantization changes their outputs: one probe of the
// base instead of a trial for each unit. The stages are those of FallbackSearch. Source: LPOT 1.5, strategy "mse", with
// its faults mended (README.md says which).

#include <algorithm>
#include <optional>
#include <vector>

#include "config/reader.hpp"
#include "strategy/fallback_search.hpp"
#include "strategy/strategies.hpp"

namespace halftone {
namespace {

enum class ErrorKind { relative, lpot };
constexpr EnumNames<ErrorKind, 2> kErrorNames{{{{ErrorKind::relative, "relative"}, {ErrorKind::lpot, "lpot"}}}};

struct MseSettings {
    ErrorKind error = ErrorKind::relative;
    bool is_incremental = false;
};

class MseStrategy final : public FallbackSearch {
public:
    MseStrategy(const StrategyContext& context, MseSettings settings) : FallbackSearch(context), settings_(settings) {}

    void tell_probe(std::int64_t, const ProbeResult& result) override {
        errors_ = result;
        is_probing_ = false;
    }

private:
    [[nodiscard]] std::vector<Candidate> ranking_candidates(const std::vector<FallbackMove>&) const override {
        return {};
    }

    // One probe serves all dtypes: the base's errors say which units quantization hurts, whatever replaces it.
    [[nodiscard]] std::optional<Ask> ask_for_ranking() override {
        if (is_probing_) return Ask::wait();
        if (errors_) return std::nullopt;
        is_probing_ = true;
        return Ask::for_probe(ProbeRequest{ProbeKind::unit_errors, base()}, "errors");
    }

    /// The largest error comes first. If the probe failed, there are no errors and the moves stay as they are.
    [[nodiscard]] std::vector<FallbackMove> rank(std::vector<FallbackMove> moves) const override {
        if (!errors_->failure.empty()) return moves;
        const auto error = [&](const FallbackMove& move) {
            const ErrorSums& sums = errors_->values.at(move.decision);
            return settings_.error == ErrorKind::relative ? sums.relative() : sums.own_range_mse();
        };
        std::stable_sort(moves.begin(), moves.end(), [&](const auto& a, const auto& b) { return error(a) > error(b); });
        return moves;
    }

    [[nodiscard]] bool walks_incrementally() const override { return settings_.is_incremental; }

    MseSettings settings_;
    bool is_probing_ = false;
    std::optional<ProbeResult> errors_;  ///< of every unit of the base
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
