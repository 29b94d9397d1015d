#include "tensor/npz.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/error.hpp"
#include "base/wire.hpp"

namespace halftone {
namespace {

/// CRC-32 of zip archives: the polynomial of Ethernet, reflected. (The journal's CRC-32C has another one.)
std::uint32_t zip_crc(std::string_view bytes) {
    static const auto table = [] {
        std::array<std::uint32_t, 256> made;
        for (std::uint32_t i = 0; i < made.size(); ++i) {
            std::uint32_t crc = i;
            for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
            made[i] = crc;
        }
        return made;
    }();
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const char c : bytes) crc = table[(crc ^ static_cast<std::uint8_t>(c)) & 0xFFU] ^ (crc >> 8U);
    return ~crc;
}

/// The fields that a file's own header and its entry in the directory at the end have in common.
void put_entry(WireWriter& zip, const std::string& name, const std::string& bytes, std::uint32_t crc) {
    zip.put(std::uint16_t{20});      // version 2.0 is needed to read it
    zip.put(std::uint16_t{0x0800});  // the name is UTF-8
    zip.put(std::uint16_t{0});       // stored, not compressed
    zip.put(std::uint16_t{0});       // time and date: 1980-01-01, so that equal arrays give equal archives
    zip.put(std::uint16_t{33});
    zip.put(crc);
    zip.put(static_cast<std::uint32_t>(bytes.size()));
    zip.put(static_cast<std::uint32_t>(bytes.size()));
    zip.put(static_cast<std::uint16_t>(name.size()));
    zip.put(std::uint16_t{0});  // no extra fields
}

void append(std::string& to, WireWriter& zip) { to += zip.take(); }

/// Adds a text's characters as UTF-32 to `out`.
void put_utf32(std::u32string& out, std::string_view text) {
    constexpr char32_t kReplacement = 0xFFFD;
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<std::uint8_t>(text[i]);
        const std::size_t length = lead < 0x80          ? 1
                                   : (lead >> 5U) == 6  ? 2
                                   : (lead >> 4U) == 14 ? 3
                                   : (lead >> 3U) == 30 ? 4
                                                        : 0;
        char32_t c = length == 1 ? lead : length == 2 ? lead & 0x1FU : length == 3 ? lead & 0x0FU : lead & 0x07U;
        bool is_good = length > 0 && i + length <= text.size();
        for (std::size_t j = 1; is_good && j < length; ++j) {
            const auto next = static_cast<std::uint8_t>(text[i + j]);
            is_good = (next >> 6U) == 2;
            c = (c << 6U) | (next & 0x3FU);
        }
        is_good = is_good && c <= 0x10FFFF;
        out += is_good ? c : kReplacement;
        i += is_good ? length : 1;
    }
}

}  // namespace

std::string to_npz(const std::vector<std::pair<std::string, std::string>>& arrays) {
    std::string archive;
    std::string directory;
    for (const auto& [array, bytes] : arrays) {
        const std::string name = array + ".npy";
        if (archive.size() + bytes.size() > 0xF0000000U || name.size() > 0xFFFFU || arrays.size() > 0xFFFFU) {
            throw DataError("the arrays are too large for an .npz file of 4 GiB");
        }
        const std::uint32_t crc = zip_crc(bytes);
        const auto offset = static_cast<std::uint32_t>(archive.size());
        WireWriter zip;
        zip.put(std::uint32_t{0x04034B50});
        put_entry(zip, name, bytes, crc);
        append(archive, zip);
        archive += name;
        archive += bytes;
        zip.put(std::uint32_t{0x02014B50});
        zip.put(std::uint16_t{20});  // made by version 2.0
        put_entry(zip, name, bytes, crc);
        zip.put(std::uint16_t{0});  // no comment
        zip.put(std::uint16_t{0});  // on disk 0
        zip.put(std::uint16_t{0});  // binary
        zip.put(std::uint32_t{0});
        zip.put(offset);
        append(directory, zip);
        directory += name;
    }
    WireWriter zip;
    zip.put(std::uint32_t{0x06054B50});
    zip.put(std::uint32_t{0});  // disk 0 of 0
    zip.put(static_cast<std::uint16_t>(arrays.size()));
    zip.put(static_cast<std::uint16_t>(arrays.size()));
    zip.put(static_cast<std::uint32_t>(directory.size()));
    zip.put(static_cast<std::uint32_t>(archive.size()));
    zip.put(std::uint16_t{0});
    return archive + directory + zip.take();
}

std::string texts_to_npy(const std::vector<std::string>& texts, std::string_view shape) {
    std::vector<std::u32string> wide(texts.size());
    std::size_t longest = 1;  // NumPy's shortest text type
    for (std::size_t i = 0; i < texts.size(); ++i) {
        put_utf32(wide[i], texts[i]);
        longest = std::max(longest, wide[i].size());
    }
    // Magic, version 1.0 and the header, whose end is a multiple of 64.
    std::string header = fmt::format("{{'descr': '<U{}', 'fortran_order': False, 'shape': {}, }}", longest, shape);
    header.append(63 - (10 + header.size()) % 64, ' ');
    header += '\n';
    WireWriter npy;
    npy.put(static_cast<std::uint16_t>(header.size()));
    std::string bytes = std::string("\x93NUMPY\x01\x00", 8) + npy.take() + header;
    for (const std::u32string& text : wide) {
        for (std::size_t i = 0; i < longest; ++i) {
            npy.put(i < text.size() ? static_cast<std::uint32_t>(text[i]) : 0U);
        }
        bytes += npy.take();
    }
    return bytes;
}

}  // namespace halftone
