#pragma once
// EventFile: a file that TensorBoard reads. Framing: TFRecord (length, masked CRC-32C of it, bytes, masked CRC-32C of
// them); a record is on its way to the disk as a whole or not at all.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.hpp"

namespace halftone {

/// Counts of equally wide bins, and of what lies below and above them.
struct Distribution {
    double low = 0, high = 0;          ///< ends of the bins
    std::vector<std::int64_t> counts;  ///< below, bins from low to high, above
    double min = 0, max = 0;           ///< of the elements
    double sum = 0, sum_squares = 0;
    [[nodiscard]] std::int64_t total() const;
};

class EventFile {
public:
    /// Makes `folder` and a file in it. @throws IoError
    EventFile(FileSystem& files, const std::string& folder, double wall_time_s);

    void add_scalar(const std::string& tag, std::int64_t step, double wall_time_s, double value);
    void add_text(const std::string& tag, std::int64_t step, double wall_time_s, const std::string& text);
    void add_distribution(const std::string& tag, std::int64_t step, double wall_time_s, const Distribution& values);

private:
    std::unique_ptr<AppendFile> file_;
};

/// A record with its frame. Source: TensorFlow's TFRecord format.
[[nodiscard]] std::string framed_record(const std::string& bytes);

}  // namespace halftone
