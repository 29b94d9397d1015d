// Zip archives.
//
//   find_directory   the end record, which is the last thing in the file, and its 64-bit form before it
//   read_zip         the directory: one entry for each member, then the member's own header for where its bytes begin
//   unpack_member    stored bytes as they are, deflated ones through zlib, checked by length and CRC
//
// Everything is little-endian. The file is untrusted: offsets are compared with its size before anything is read, and
// sizes with what deflate can make of the packed bytes before memory is taken.
#include "data/formats/zip_file.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "base/budget.hpp"
#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"

namespace halftone {
namespace {

constexpr std::uint32_t kEndRecord = 0x06054b50;
constexpr std::uint32_t kEndRecord64 = 0x06064b50;
constexpr std::uint32_t kEndLocator64 = 0x07064b50;
constexpr std::uint32_t kDirectoryEntry = 0x02014b50;
constexpr std::uint32_t kMemberHeader = 0x04034b50;
constexpr std::uint64_t kEndRecordBytes = 22;
constexpr std::uint64_t kEndLocatorBytes = 20;
constexpr std::uint64_t kEndRecord64Bytes = 56;
constexpr std::uint64_t kMemberHeaderBytes = 30;
constexpr std::uint64_t kMostComment = 0xFFFF;
// An archive of arrays has a few members; a directory of 16 MiB has a hundred thousand.
constexpr std::uint64_t kMostDirectoryBytes = std::uint64_t{16} << 20U;
// A size or an offset of this value stands in the 64-bit extra field instead.
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;
// Source: zlib's technical notes, "Maximum Expansion Factor": 1032:1.
constexpr std::uint64_t kMostZipRatio = 1032;

[[noreturn]] void refuse_zip(const std::string& path, const std::string& why) { throw DataError(path + ": " + why); }

/// Reads parts of one file, and refuses what lies outside.
class ZipParts {
public:
    explicit ZipParts(const std::string& path) : path_(path), files_(make_posix_file_system()) {
        if (!files_->is_file(path)) refuse_zip(path, "no such file");
        size_ = files_->size(path);
    }
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::string read(std::uint64_t offset, std::uint64_t count) const {
        if (offset > size_ || count > size_ - offset) refuse_zip(path_, "the zip archive is cut off or damaged");
        return files_->read_part(path_, offset, count);
    }

private:
    std::string path_;
    std::unique_ptr<FileSystem> files_;
    std::uint64_t size_ = 0;
};

struct ZipDirectory {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

ZipDirectory find_directory(const std::string& path, const ZipParts& parts) {
    const std::uint64_t tail_bytes = std::min(parts.size(), kEndRecordBytes + kMostComment);
    const std::string tail = parts.read(parts.size() - tail_bytes, tail_bytes);
    // The record is found from behind, because a comment of unknown length may follow it.
    const std::size_t at = tail.rfind("PK\x05\x06");
    if (at == std::string::npos || tail.size() - at < kEndRecordBytes) {
        refuse_zip(path, "is no zip archive (.npz), or it is cut off");
    }
    const std::string record = tail.substr(at);
    ByteReader reader(record, path);
    static_cast<void>(reader.get<std::uint32_t>());  // its signature
    static_cast<void>(reader.get_bytes(8));          // numbers of parts and of members
    ZipDirectory found;
    found.bytes = reader.get<std::uint32_t>("the directory's size");
    found.offset = reader.get<std::uint32_t>("the directory's offset");
    reader.require<DataError>();
    if (found.offset != kIn64 && found.bytes != kIn64) return found;
    const std::uint64_t end = parts.size() - tail_bytes + at;
    if (end < kEndLocatorBytes) refuse_zip(path, "the zip archive is damaged");
    const std::string locator_bytes = parts.read(end - kEndLocatorBytes, kEndLocatorBytes);
    ByteReader locator(locator_bytes, path);
    locator.expect(locator.get<std::uint32_t>() == kEndLocator64, "the 64-bit end of a zip archive");
    static_cast<void>(locator.get<std::uint32_t>());
    const auto at64 = locator.get<std::uint64_t>();
    locator.require<DataError>();
    const std::string record64 = parts.read(at64, kEndRecord64Bytes);
    ByteReader reader64(record64, path);
    reader64.expect(reader64.get<std::uint32_t>() == kEndRecord64, "the 64-bit end of a zip archive");
    static_cast<void>(reader64.get_bytes(36));  // its own size, versions, numbers of parts and of members
    found.bytes = reader64.get<std::uint64_t>("the directory's size");
    found.offset = reader64.get<std::uint64_t>("the directory's offset");
    reader64.require<DataError>();
    return found;
}

/// Takes the sizes and the offset that did not fit 32 bits from an entry's extra field. Only those stand there, in this
/// order.
void read_extra64(std::string_view extra, const std::string& path, ZipMember& member, std::uint64_t& header) {
    ByteReader reader(extra, path);
    while (reader.left() >= 4) {
        const auto kind = reader.get<std::uint16_t>();
        const auto length = reader.get<std::uint16_t>();
        const std::string_view content = reader.get_bytes(length, "an extra field");
        reader.require<DataError>();
        if (kind != 1) continue;
        ByteReader sizes(content, path);
        for (std::uint64_t* value : {&member.bytes, &member.packed_bytes, &header}) {
            if (*value == kIn64) *value = sizes.get<std::uint64_t>("a 64-bit size");
        }
        sizes.require<DataError>();
        return;
    }
}

/// The member's own header repeats what the directory says, with names and extra fields of other lengths: only it tells
/// where the bytes begin.
std::uint64_t find_bytes(const std::string& path, const ZipParts& parts, const ZipMember& member,
                         std::uint64_t header) {
    const std::string bytes = parts.read(header, kMemberHeaderBytes);
    ByteReader reader(bytes, path);
    reader.expect(reader.get<std::uint32_t>() == kMemberHeader, "the header of a zip member");
    static_cast<void>(reader.get_bytes(22));
    const auto name = reader.get<std::uint16_t>();
    const auto extra = reader.get<std::uint16_t>();
    reader.require<DataError>();
    const std::uint64_t begin = header + kMemberHeaderBytes + name + extra;
    if (begin > parts.size() || member.packed_bytes > parts.size() - begin) {
        refuse_zip(path, "the zip member '" + member.name + "' reaches beyond the end of the file");
    }
    return begin;
}

ZipMember read_entry(ByteReader& reader, const std::string& path, const ZipParts& parts) {
    reader.expect(reader.get<std::uint32_t>() == kDirectoryEntry, "an entry of the zip directory");
    static_cast<void>(reader.get_bytes(4));  // versions
    const auto flags = reader.get<std::uint16_t>();
    const auto method = reader.get<std::uint16_t>();
    static_cast<void>(reader.get_bytes(4));  // date and time
    ZipMember member;
    member.crc = reader.get<std::uint32_t>();
    member.packed_bytes = reader.get<std::uint32_t>();
    member.bytes = reader.get<std::uint32_t>();
    const auto name_bytes = reader.get<std::uint16_t>();
    const auto extra_bytes = reader.get<std::uint16_t>();
    const auto comment_bytes = reader.get<std::uint16_t>();
    static_cast<void>(reader.get_bytes(8));  // part and attributes
    std::uint64_t header = reader.get<std::uint32_t>();
    member.name = reader.get_bytes(name_bytes, "a member's name");
    const std::string_view extra = reader.get_bytes(extra_bytes, "an extra field");
    static_cast<void>(reader.get_bytes(comment_bytes, "a comment"));
    reader.require<DataError>();
    if ((flags & 1U) != 0) refuse_zip(path, "the zip member '" + member.name + "' is encrypted");
    if (method != 0 && method != Z_DEFLATED) {
        refuse_zip(path, fmt::format("the zip member '{}' is packed by method {}; known are 0 (stored) and 8 (deflate)",
                                     member.name, method));
    }
    member.is_deflated = method == Z_DEFLATED;
    read_extra64(extra, path, member, header);
    if (!member.is_deflated && member.bytes != member.packed_bytes) {
        refuse_zip(path, "the zip member '" + member.name + "' has two different sizes");
    }
    member.offset = find_bytes(path, parts, member, header);
    return member;
}

}  // namespace

std::vector<ZipMember> read_zip(const std::string& path) {
    const ZipParts parts(path);
    const ZipDirectory found = find_directory(path, parts);
    if (found.bytes > kMostDirectoryBytes) refuse_zip(path, "the directory of the zip archive is too large");
    const std::string directory = parts.read(found.offset, found.bytes);
    ByteReader reader(directory, path);
    std::vector<ZipMember> members;
    while (reader.left() > 0) members.push_back(read_entry(reader, path, parts));
    return members;
}

std::string unpack_member(const std::string& path, const ZipMember& member) {
    const std::string what = path + ": the zip member '" + member.name + "'";
    if (member.bytes / kMostZipRatio > member.packed_bytes) {
        throw DataError(fmt::format("{} claims {} bytes, which {} packed bytes cannot hold", what, member.bytes,
                                    member.packed_bytes));
    }
    const BudgetedBytes taken(process_budget(), member.bytes + member.packed_bytes, what);
    std::string packed = ZipParts(path).read(member.offset, member.packed_bytes);
    if (!member.is_deflated) return packed;
    std::string bytes(member.bytes, '\0');
    z_stream stream{};
    // A negative window: the bytes of a zip member have no header of zlib's own.
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw DataError(what + ": zlib cannot start");
    stream.next_in = reinterpret_cast<Bytef*>(packed.data());
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
    std::uint64_t in_left = packed.size();
    std::uint64_t out_left = bytes.size();
    int status = Z_OK;
    // zlib counts in 32 bits, so larger members go through it in pieces. It may stop short of an empty output only.
    constexpr std::uint64_t kPiece = std::uint64_t{1} << 30U;
    while (status == Z_OK) {
        const std::uint64_t in = std::min(in_left, kPiece);
        const std::uint64_t out = std::min(out_left, kPiece);
        stream.avail_in = static_cast<uInt>(in);
        stream.avail_out = static_cast<uInt>(out);
        status = inflate(&stream, Z_NO_FLUSH);
        in_left -= in - stream.avail_in;
        out_left -= out - stream.avail_out;
    }
    inflateEnd(&stream);
    const bool is_whole = status == Z_STREAM_END && out_left == 0;
    const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
    if (!is_whole || crc != member.crc) throw DataError(what + " is damaged");
    return bytes;
}

}  // namespace halftone
