// TFRecord files: lengths first, bytes when they are asked for.
//
//   read_tf_record_index  walks from length to length, through a window of one page
//   read_tf_record        one record, with its checksum
#include "data/formats/tf_record.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/budget.hpp"
#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/hash.hpp"

namespace halftone {
namespace {

constexpr std::uint64_t kRecordHeaderBytes = 12;  ///< length and its checksum
constexpr std::uint64_t kRecordFooterBytes = 4;   ///< checksum of the bytes
/// How much is read at once while lengths are looked for. Small records share a page; of large ones nothing but the
/// page with the length is read.
constexpr std::uint64_t kWindowBytes = 4096;

/// The checksum as TFRecord stores it: rotated and moved, so that a CRC of bytes that hold a CRC is no special case.
/// Source: tensorflow/core/lib/hash/crc32c.h, Mask.
std::uint32_t masked_crc(std::string_view bytes) {
    const std::uint32_t crc = crc32c(bytes);
    return ((crc >> 15U) | (crc << 17U)) + 0xA282EAD8U;
}

[[noreturn]] void refuse_record(const std::string& path, std::int64_t number, const std::string& what) {
    throw DataError(fmt::format("{}: record {}: {}", path, number, what));
}

/// A file whose bytes are read near one place after another, from the front to the back.
class RecordWindow {
public:
    explicit RecordWindow(const std::string& path) : path_(path), size_(files_->size(path)) {}

    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// @pre offset + count <= size(), count <= kWindowBytes
    [[nodiscard]] std::string_view bytes(std::uint64_t offset, std::uint64_t count) {
        if (offset < begin_ || offset + count > begin_ + window_.size()) {
            begin_ = offset;
            window_ = files_->read_part(path_, offset, std::min(kWindowBytes, size_ - offset));
        }
        return std::string_view(window_).substr(offset - begin_, count);
    }

private:
    std::unique_ptr<FileSystem> files_ = make_posix_file_system();
    const std::string& path_;
    std::uint64_t size_;
    std::uint64_t begin_ = 0;  ///< of the window in the file
    std::string window_;
};

/// Reads the length of the record that begins at `offset`, and checks that the file holds all of the record.
std::uint64_t length_at(RecordWindow& window, std::uint64_t offset, const std::string& path, std::int64_t number) {
    const std::uint64_t left = window.size() - offset;
    const std::string cut = fmt::format("is truncated: the file ends {} bytes behind its begin", left);
    if (left < kRecordHeaderBytes + kRecordFooterBytes) refuse_record(path, number, cut);
    const std::string_view header = window.bytes(offset, kRecordHeaderBytes);
    ByteReader reader(header, path);
    const auto length = reader.get<std::uint64_t>();
    if (reader.get<std::uint32_t>() != masked_crc(header.substr(0, sizeof(length)))) {
        const bool is_gzip = number == 0 && header.starts_with("\x1f\x8b");
        refuse_record(path, number,
                      is_gzip ? "the file is packed by gzip; unpack it first (gunzip)"
                              : "the checksum of its length is wrong: the file is damaged or no TFRecord file");
    }
    if (length > left - kRecordHeaderBytes - kRecordFooterBytes) refuse_record(path, number, cut);
    return length;
}

}  // namespace

std::vector<TfRecordPlace> read_tf_record_index(const std::string& path) {
    if (!make_posix_file_system()->is_file(path)) throw DataError(path + ": no such file");
    RecordWindow window(path);
    std::vector<TfRecordPlace> places;
    for (std::uint64_t offset = 0; offset < window.size();) {
        const std::uint64_t length = length_at(window, offset, path, static_cast<std::int64_t>(places.size()));
        places.push_back({.offset = offset + kRecordHeaderBytes, .bytes = length});
        offset += kRecordHeaderBytes + length + kRecordFooterBytes;
    }
    return places;
}

std::string read_tf_record(const std::string& path, TfRecordPlace place, std::int64_t number) {
    const BudgetedBytes taken(process_budget(), place.bytes, fmt::format("{}: record {}", path, number));
    std::string bytes;
    try {
        bytes = make_posix_file_system()->read_part(path, place.offset, place.bytes + kRecordFooterBytes);
    } catch (const IoError& error) {
        refuse_record(path, number, error.what());  // it was there when the file was indexed: the data's fault
    }
    const std::string_view all = bytes;
    ByteReader footer(all.substr(place.bytes), path);
    if (footer.get<std::uint32_t>() != masked_crc(all.substr(0, place.bytes))) {
        refuse_record(path, number, "its checksum is wrong: the record is damaged");
    }
    bytes.resize(place.bytes);
    return bytes;
}

}  // namespace halftone
