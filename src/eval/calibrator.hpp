#pragma once
// Calibrator: runs the fp32 model over the calibration samples, and knows what candidates are made from: the ranges of
// every calibration size, and the model that belongs to them. Not thread-safe; model, space and samples outlive it.

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "calib/table.hpp"
#include "eval/sample_source.hpp"
#include "eval/shaped_sessions.hpp"
#include "exec/prepared_model.hpp"
#include "exec/recipes.hpp"
#include "exec/session.hpp"
#include "space/search_space.hpp"
#include "trial/evaluator.hpp"

namespace halftone {

/// What all candidates of one calibration index are made from.
struct CalibrationVariant {
    PreparedModel model;       ///< equalized and smoothed, where the index asks for it
    RangeTable ranges;         ///< of that model's values
    RecipeNumbers recipes{};   ///< what the index did to the model; empty where it asks for neither
    std::int64_t samples = 0;  ///< that it was calibrated with
};

/// Elements of a value that calibration left out, because they are NaN or infinite.
struct NonFinite {
    std::int64_t samples = 0;   ///< that hold such elements
    std::int64_t elements = 0;  ///< of all samples
    std::int64_t first = 0;     ///< the lowest number of such a sample in the data set
};
/// By name of the value; values without such elements are missing.
using LeftOut = std::map<std::string, NonFinite>;

class Calibrator {
public:
    /// @param samples  the first most_samples() samples of the calibration set. Null where the ranges come from
    /// elsewhere; then run() must not be called
    Calibrator(const PreparedModel& model, const SearchSpace& space, SampleSource* samples);

    /// Returns the statistics of one shard of the longest sample set (format: eval/README.md, "Bytes").
    /// @throws ModelError when a value is NaN or infinite
    [[nodiscard]] ShardResult run(std::int64_t shard);
    /// Merges the statistics of all shards, remembers them, and returns the ranges of every calibration size.
    [[nodiscard]] std::string merge(const std::vector<std::string>& payloads);
    /// Makes merged ranges known to this process. All variants made before are dropped.
    /// @throws MpiError, DataError when the bytes are damaged
    void install(const std::string& merged);

    /// Returns how many samples the largest calibration size has.
    [[nodiscard]] std::int64_t most_samples() const { return borders().back(); }
    /// Returns how many samples the calibration index stands for.
    [[nodiscard]] std::int64_t samples_of(std::int64_t calibration) const;
    /// Returns what merge() merged last, by number of samples, of the model as the first calibration index has it.
    /// Empty in a process that merged nothing.
    [[nodiscard]] const std::map<std::int64_t, CalibrationTable>& statistics() const { return statistics_; }
    /// Returns the installed ranges of a calibration index, before smoothing. @pre install() was called
    [[nodiscard]] const RangeTable& ranges(std::int64_t calibration) const {
        return ranges_.at(static_cast<std::size_t>(calibration));
    }
    /// Returns the variant of a calibration index. If it is not there, the call makes it, and smoothing then runs the
    /// samples once. Only the last kKeptVariants that were asked for are kept, because each holds a model; what is made
    /// again is the same. Whoever refers to a variant between two calls holds the pointer. @pre install() was called
    [[nodiscard]] std::shared_ptr<const CalibrationVariant> variant(std::int64_t calibration);
    /// A search ranks preparation by preparation and then evaluates the best three of them.
    static constexpr std::size_t kKeptVariants = 3;

private:
    /// A model whose values have ranges of their own: the model as given, or equalized.
    struct Source {
        bool equalizes = false;
        PreparedModel equalized{};  ///< only if it equalizes
        std::vector<EqualizedPair> equalization{};
        std::unique_ptr<ShapedSessions>
            sessions{};  ///< they tap the observed values; null before and after calibration
        std::unique_ptr<UnpaddedValues> unpadded{};  ///< of the observed values
    };

    [[nodiscard]] std::vector<std::int64_t> borders() const;
    [[nodiscard]] const PreparedModel& model_of(const Source& source) const {
        return source.equalizes ? source.equalized : model_;
    }
    [[nodiscard]] std::size_t source_of(std::int64_t calibration) const;
    void open(Source& source) const;
    [[nodiscard]] CalibrationTable observe(const Source& source, SampleRange range, LeftOut& left_out);
    [[nodiscard]] bool has_values(CalibrationTable& table) const;
    void report_left_out(const LeftOut& left_out) const;
    void smooth_variant(CalibrationVariant& variant, double alpha);

    const PreparedModel& model_;
    const SearchSpace& space_;
    SampleSource* samples_;
    std::vector<TensorPlan> observed_;  ///< every value that some plan could quantize with a calibrated range
    std::vector<Source> sources_;       ///< those that some calibration index needs, in the order of the indices
    std::map<std::int64_t, CalibrationTable> statistics_;
    std::vector<RangeTable> ranges_;  ///< by calibration index
    /// Calibration indices with their variants; the one that was asked for last comes first.
    std::list<std::pair<std::int64_t, std::shared_ptr<const CalibrationVariant>>> variants_;
};

}  // namespace halftone
