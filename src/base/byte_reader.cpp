#include "base/byte_reader.hpp"

#include <fmt/format.h>

namespace halftone {

ByteReader ByteReader::get_reader(std::uint64_t count, std::string_view what) {
    const std::uint64_t begin = offset_;
    ByteReader section(get_bytes(count, what), source_, order_);
    section.offset_ = begin;
    // The section counts offsets from the beginning of the whole source, and carries a fault on, so that messages name
    // the byte of the file.
    section.fault_ = fault_;
    return section;
}

// Only the first fault is kept: those after it are its consequences, and would hide where the damage is.
void ByteReader::fail(std::uint64_t offset, std::string_view expected, std::string_view found) {
    if (!ok()) return;
    offset_ = offset;
    rest_ = {};
    fault_ = fmt::format("{}: byte {}: expected {}{}{}", source_, offset, expected, found.empty() ? "" : ", ", found);
}

void ByteReader::fail_missing(std::uint64_t count, std::string_view what) {
    fail(offset_, fmt::format("{} of {} byte{}", what, count, count == 1 ? "" : "s"),
         fmt::format("{} byte{} left", rest_.size(), rest_.size() == 1 ? " is" : "s are"));
}

void ByteReader::fail_number(std::uint64_t begin, std::uint64_t highest, std::string_view what) {
    fail(begin,
         highest == UINT64_MAX ? fmt::format("{} in its shortest form", what)
                               : fmt::format("{} of at most {}", what, highest),
         "");
}

void ByteReader::fail_count(std::uint64_t begin, std::uint64_t count, std::size_t least_bytes, std::string_view what) {
    fail(begin, what,
         fmt::format("found {}: {} bytes are left, an element has {} or more", count, rest_.size(), least_bytes));
}

void ByteReader::fail_end() { fail(offset_, "the end", fmt::format("{} more bytes follow", rest_.size())); }

}  // namespace halftone
