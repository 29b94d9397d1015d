#pragma once
// RecordAccumulator: the base of metrics that need every answer at once, in the order of the data set. It keeps outputs
// and targets of all samples, or what the metric makes of them, and the metric computes its value from these records.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "metric/metric.hpp"

namespace halftone {

/// One sample's answer, kept.
struct AnswerRecord {
    std::vector<Tensor> outputs;
    std::vector<FieldValue> targets;
};

class RecordAccumulator : public Accumulator {
public:
    std::optional<double> add(const SampleAnswer& answer) final;
    [[nodiscard]] std::string save() const final;
    void merge(std::string_view saved) final;
    [[nodiscard]] std::int64_t samples() const final { return static_cast<std::int64_t>(records_.size()); }

protected:
    /// Returns what is kept of a sample: all of it, unless the metric needs less.
    [[nodiscard]] virtual AnswerRecord record_of(const SampleAnswer& answer) const;
    /// Returns whether a record from another rank can be one of record_of(); everything that value() relies on.
    [[nodiscard]] virtual bool is_own(const AnswerRecord& /*record*/) const { return true; }
    /// By sample number, whatever order they came in.
    [[nodiscard]] const std::map<std::int64_t, AnswerRecord>& records() const { return records_; }

private:
    std::map<std::int64_t, AnswerRecord> records_;
};

}  // namespace halftone
