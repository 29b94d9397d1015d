#pragma once
// The folder of a dump: whether a dump may be written there, and which of its parts are still missing.

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "dump/tensor_dump.hpp"

namespace halftone::study {

/// Returns the number of bytes that a text like "1000", "512M" or "20G" stands for. The suffixes K, M, G and T are
/// powers of 1024.
/// @throws ConfigError naming --max-bytes when the text is anything else, is below 1, or does not fit 63 bits
[[nodiscard]] std::int64_t parse_bytes(const std::string& text);

/// Returns "512 bytes", "1.5 KiB" or "20.0 GiB": the largest unit in which the number is at least 1.
[[nodiscard]] std::string bytes_text(std::int64_t bytes);

/// How large a dump becomes without compression.
struct DumpSize {
    std::int64_t outputs = 0;  ///< bytes of the units' outputs
    std::int64_t weights = 0;  ///< bytes of the units' weights
};

class DumpFolder {
public:
    /// Looks at the folder, and changes nothing. The folder need not exist.
    /// @param files  outlives this
    /// @param resume  whether a dump that is there already may be continued
    /// @throws IoError when the path is not a folder; ConfigError when it holds a dump and `resume` is false
    DumpFolder(FileSystem& files, std::string folder, bool resume);

    /// Returns the line that tells the user how large the dump will be, and how much room its device has.
    [[nodiscard]] std::string size_line(const DumpLayout& layout, const DumpSize& size) const;

    /// Makes the folder, removes what killed writers left behind, and returns the parts that are not there yet. When
    /// it throws, it has created and removed nothing.
    /// @throws ConfigError when the dump is larger than `max_bytes`; IoError when the device has too little room;
    /// DataError when a part that is there is damaged or belongs to another dump
    [[nodiscard]] std::vector<std::size_t> prepare(const DumpLayout& layout, const DumpSize& size,
                                                   std::int64_t max_bytes);

private:
    [[nodiscard]] std::vector<std::size_t> missing_parts(const DumpLayout& layout) const;

    FileSystem& files_;
    std::string folder_;
    std::vector<std::string> names_;  ///< of the files that were in the folder
    bool has_dump_ = false;
    std::string device_folder_;   ///< the folder, or the nearest one above it that exists
    std::int64_t available_ = 0;  ///< bytes that may still be written there
};

}  // namespace halftone::study
