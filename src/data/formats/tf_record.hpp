#pragma once
// TFRecord files: records of any bytes, each with its length and two checksums. What the bytes mean is not known here.
//
//   length uint64 · masked CRC-32C of the length uint32 · the bytes · masked CRC-32C of the bytes uint32
//
// Source: TensorFlow, tensorflow/core/lib/io/record_writer.h. All numbers are little-endian.

#include <cstdint>
#include <string>
#include <vector>

namespace halftone {

/// Where the bytes of one record lie in its file.
struct TfRecordPlace {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

/// Returns where the records of a file lie, in the file's order. Only lengths and their checksums are read, so the time
/// does not depend on how large the records are.
/// @throws DataError naming file and record (records count from 0): a length with a wrong checksum, a file that ends
///         within a record, no such file
[[nodiscard]] std::vector<TfRecordPlace> read_tf_record_index(const std::string& path);

/// Returns the bytes of one record. @param number  of the record, for messages
/// @throws DataError naming file and record when the checksum is wrong, or the file has become shorter
/// @throws BudgetError when the process has no memory for it
[[nodiscard]] std::string read_tf_record(const std::string& path, TfRecordPlace place, std::int64_t number);

}  // namespace halftone
