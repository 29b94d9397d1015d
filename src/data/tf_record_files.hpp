#pragma once
// The TFRecord files of a data set as one sequence of records.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/budget.hpp"
#include "data/formats/tf_record.hpp"

namespace halftone {

/// Returns the files that a `root` of the config stands for: the file itself, or those of a folder. In a folder they
/// are the shards "NAME-00000-of-00008" where there are any, else the files that end in .tfrecord, .tfrecords,
/// .tf_record or .record, always in the order of their names.
/// @throws DataError naming the data set, the path and what belongs there
[[nodiscard]] std::vector<std::string> find_record_files(const std::string& dataset, const std::string& root);

class TfRecordFiles {
public:
    /// Finds where all records lie. No record is read.
    /// @throws DataError naming the file: damaged, or all files together hold no record
    /// @throws BudgetError when the process has no memory for the places
    explicit TfRecordFiles(std::vector<std::string> paths);

    [[nodiscard]] std::int64_t size() const { return first_.back(); }
    /// Returns the bytes of a record. Any thread may call it. @pre 0 <= id < size(). @throws DataError
    [[nodiscard]] std::string read(std::int64_t id) const;
    /// Returns where a record lies, for messages: "imagenet/validation-00003-of-00128: record 17". Records count from 0
    /// in each file.
    [[nodiscard]] std::string place(std::int64_t id) const;
    /// Returns the identity of the content: of names, sizes, and each file's first and last bytes.
    [[nodiscard]] std::uint64_t content_hash() const;

private:
    /// Returns which file holds the record.
    [[nodiscard]] std::size_t file_of(std::int64_t id) const;

    std::vector<std::string> paths_;
    std::vector<std::vector<TfRecordPlace>> places_;  ///< by file
    /// Of each file, the number that its first record has in the whole; behind them the count of all records.
    std::vector<std::int64_t> first_;
    std::vector<std::unique_ptr<const BudgetedBytes>> taken_;  ///< for the places
};

}  // namespace halftone
