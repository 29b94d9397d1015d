#pragma once
// Rows of study.h5's larger tables, which are collected row by row and written column by column.

#include <string>
#include <vector>

#include "dump/h5_writer.hpp"
#include "study/study_source.hpp"
#include "trial/probe.hpp"

namespace halftone::study {

/// Returns the word for a unit's dtype in a candidate: that of the recorded option. If the journal has no options: the
/// dtype to which the unit fell back, else that of its first option; "unknown" if this is unknown, too. An option whose
/// weights alone are codes has the word "int4 weights" or "int8 weights".
[[nodiscard]] std::string dtype_of(const StudySource& source, const journal::CandidateOptions& choice,
                                   const std::vector<journal::Change>& changed, std::size_t unit);

/// Rows of /options.
class OptionRows {
public:
    /// @param unit  its number    @param number  of the option, counted from 0 for each unit
    void add(std::size_t unit, std::size_t number, const OptionFacts& option);
    [[nodiscard]] std::vector<H5Column> columns() const;

private:
    std::vector<std::int64_t> unit_, option_, group_size_, bytes_;
    std::vector<std::string> texts_[8];  ///< by column, in the order of OptionFacts
    std::vector<double> bit_;
};

/// Rows of /trials.
class TrialRows {
public:
    /// @param source  outlives this
    explicit TrialRows(const StudySource& source) : source_(source) {}
    void add(const journal::Trial& trial);
    /// Returns all columns but `verdict`, which is stored as codes and not as texts.
    [[nodiscard]] std::vector<H5Column> columns() const;
    [[nodiscard]] const std::vector<std::string>& verdicts() const { return verdict_; }

private:
    const StudySource& source_;
    std::vector<std::int64_t> trial_, correct_, samples_, sample_units_, bytes_, elapsed_, worker_, calibration_, high_,
        delivered_;
    std::vector<std::string> candidate_, stage_, verdict_, failure_;
    std::vector<double> accuracy_, low95_, high95_, bound_low_, bound_high_, wall_, latency_, loss_, loss_low_,
        loss_high_;
};

/// Rows of /metrics: every metric of the fp32 model (trial -1) and of every trial that was evaluated to its end.
class MetricRows {
public:
    void add(std::int64_t trial, const Score& score);
    [[nodiscard]] std::vector<H5Column> columns() const;

private:
    std::vector<std::int64_t> trial_;
    std::vector<std::string> name_;
    std::vector<double> value_;
};

/// Rows of /sensitivity.
class SensitivityRows {
public:
    /// Adds a row for each value that the probe compared.
    void add(const StudySource& source, const journal::Sensitivity& probe);
    /// Returns all columns but `kind`, which is stored as codes and not as texts.
    [[nodiscard]] std::vector<H5Column> columns() const;
    [[nodiscard]] const std::vector<std::string>& kinds() const { return kind_; }

private:
    void add_sums(const ErrorSums& sums);

    std::vector<std::int64_t> probe_, unit_, samples_, count_;
    std::vector<std::string> stage_, kind_, candidate_, name_, fallback_;
    std::vector<double> sums_[10], relative_, lpot_, sqnr_, cosine_;
};

/// Returns the columns of /delivered/units: a row for each unit of best.yaml.
[[nodiscard]] std::vector<H5Column> delivered_units(const ConfigNode& plan);
/// Returns the columns of /delivered/tensors: a row for each activation of best.yaml that has one scale and one zero
/// point for all its elements. Weights and biases are left out; they stand in best.yaml's text.
[[nodiscard]] std::vector<H5Column> delivered_tensors(const ConfigNode& plan);

}  // namespace halftone::study
