#pragma once
// Zip archives, as far as numpy.savez writes them: members that are stored or deflated, with 64-bit sizes.
// Source: PKWARE's APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16 and 4.5.3.

#include <cstdint>
#include <string>
#include <vector>

namespace halftone {

/// One member of an archive.
struct ZipMember {
    std::string name;
    bool is_deflated = false;
    std::uint64_t packed_bytes = 0;  ///< in the archive
    std::uint64_t bytes = 0;         ///< unpacked
    std::uint32_t crc = 0;           ///< CRC-32 of the unpacked bytes
    std::uint64_t offset = 0;        ///< where its bytes begin in the archive
};

/// Returns the members of an archive, in the order of its directory. Only the directory and the members' headers are
/// read. @throws DataError naming the file: no zip archive, damaged, encrypted or packed in another way
[[nodiscard]] std::vector<ZipMember> read_zip(const std::string& path);

/// Returns the bytes of a member.
/// @throws DataError when they are damaged, BudgetError when the process has no memory for them
[[nodiscard]] std::string unpack_member(const std::string& path, const ZipMember& member);

}  // namespace halftone
