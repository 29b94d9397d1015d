#pragma once
// Rows of study.h5's larger tables, column by column.

#include <string>
#include <vector>

#include "dump/h5_writer.hpp"
#include "study/study_source.hpp"
#include "trial/probe.hpp"

namespace halftone::study {

/// Word for a unit's dtype in a candidate; where the choice was not recorded, from what fell back; "unknown" if that
/// says nothing.
[[nodiscard]] std::string dtype_of(const StudySource& source, const journal::CandidateOptions& choice,
                                   const std::vector<journal::Change>& changed, std::size_t unit);

class OptionRows {
public:
    void add(std::size_t unit, std::size_t number, const OptionFacts& option);
    [[nodiscard]] std::vector<H5Column> columns() const;

private:
    std::vector<std::int64_t> unit_, option_, bytes_;
    std::vector<std::string> texts_[8];
    std::vector<double> bit_;
};

class TrialRows {
public:
    explicit TrialRows(const StudySource& source) : source_(source) {}
    void add(const journal::Trial& trial);
    [[nodiscard]] std::vector<H5Column> columns() const;
    [[nodiscard]] const std::vector<std::string>& verdicts() const { return verdict_; }

private:
    const StudySource& source_;
    std::vector<std::int64_t> trial_, correct_, samples_, sample_units_, bytes_, elapsed_, worker_, calibration_, high_,
        delivered_;
    std::vector<std::string> candidate_, stage_, verdict_, failure_;
    std::vector<double> accuracy_, low95_, high95_, bound_low_, bound_high_, wall_, latency_;
};

class SensitivityRows {
public:
    /// A row for each value of a probe.
    void add(const StudySource& source, const journal::Sensitivity& probe);
    [[nodiscard]] std::vector<H5Column> columns() const;
    [[nodiscard]] const std::vector<std::string>& kinds() const { return kind_; }

private:
    void add_sums(const ErrorSums& sums);

    std::vector<std::int64_t> probe_, unit_, samples_, count_;
    std::vector<std::string> stage_, kind_, candidate_, name_, fallback_;
    std::vector<double> sums_[10], relative_, lpot_, sqnr_, cosine_;
};

/// From best.yaml.
[[nodiscard]] std::vector<H5Column> delivered_units(const ConfigNode& plan);
/// Values that have one scale and zero point for all elements; weights, which have one for each channel, are left to
/// best.yaml's text.
[[nodiscard]] std::vector<H5Column> delivered_tensors(const ConfigNode& plan);

}  // namespace halftone::study
