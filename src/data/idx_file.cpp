// IDX files, plain or gzip: a header with a type and sizes, then that many bytes. The file is untrusted, so nothing is
// allocated before the header's promise was compared with what the file holds.
#include "data/idx_file.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/error.hpp"
#include "base/file_system.hpp"

namespace halftone {
namespace {

/// Decompresses members of a gzip stream until `limit` bytes are out, so that a small file cannot fill the memory.
class Gunzip {
public:
    Gunzip(const std::string& path, const std::string& compressed) : path_(path), compressed_(compressed) {}

    [[nodiscard]] std::string first_bytes(std::size_t limit) const {
        std::string out;
        std::size_t at = 0;
        do {
            at += inflate_member(at, limit, out);
            // Bytes after a member belong to the next one; anything else there is padding, which gzip ignores too.
        } while (out.size() < limit && is_gzip(at));
        return out;
    }

private:
    [[nodiscard]] bool is_gzip(std::size_t at) const { return compressed_.compare(at, 2, "\x1f\x8b") == 0; }

    /// Appends one member to `out`. @return the compressed bytes it took
    std::size_t inflate_member(std::size_t at, std::size_t limit, std::string& out) const {
        z_stream stream{};
        constexpr int kGzipOnly = 16 + MAX_WBITS;
        if (inflateInit2(&stream, kGzipOnly) != Z_OK) throw DataError(path_ + ": zlib cannot start");
        int status = Z_OK;
        std::array<char, 65536> chunk;
        std::size_t taken = 0;
        // In pieces of 64 KiB: how much comes out is not known before.
        while (status == Z_OK && out.size() < limit) {
            // zlib counts its input in 32 bits.
            const std::size_t input = std::min(compressed_.size() - at - taken, std::size_t{1} << 30);
            const auto room = static_cast<uInt>(std::min(chunk.size(), limit - out.size()));
            // zlib only reads through next_in; its type lacks the const.
            stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(compressed_.data() + at + taken));
            stream.avail_in = static_cast<uInt>(input);
            stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
            stream.avail_out = room;
            status = inflate(&stream, Z_NO_FLUSH);
            taken += input - stream.avail_in;
            out.append(chunk.data(), room - stream.avail_out);
        }
        inflateEnd(&stream);
        // No input is left and the stream has not ended.
        if (status == Z_BUF_ERROR) throw DataError(path_ + ": the gzip file is truncated");
        if (status != Z_OK && status != Z_STREAM_END) throw DataError(path_ + ": the gzip file is damaged");
        return taken;
    }

    const std::string& path_;
    const std::string& compressed_;
};

/// IDX numbers have their highest byte first, whatever machine reads them.
std::uint32_t big_endian_u32(const std::string& bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

/// Source: "The IDX file format" on the page of the MNIST database: a magic number with type and rank, then the sizes.
std::vector<std::int64_t> read_sizes(const std::string& path, const std::string& header, std::size_t rank) {
    constexpr std::uint32_t kUnsignedByte = 0x0800;
    const auto expected = static_cast<std::uint32_t>(kUnsignedByte + rank);
    // A file of fewer than four bytes is told to be truncated below, which says more than a wrong magic number.
    const std::uint32_t magic = header.size() < 4 ? expected : big_endian_u32(header, 0);
    if (magic != expected) {
        throw DataError(
            fmt::format("{}: not an IDX file of unsigned bytes with {} dimension{}: its magic number is "
                        "0x{:08x}, not 0x{:08x}",
                        path, rank, rank == 1 ? "" : "s", magic, expected));
    }
    if (header.size() < 4 + 4 * rank) {
        throw DataError(fmt::format("{}: truncated: {} bytes are too few for an IDX header", path, header.size()));
    }
    std::vector<std::int64_t> sizes;
    for (std::size_t i = 0; i < rank; ++i) sizes.push_back(big_endian_u32(header, 4 + 4 * i));
    return sizes;
}

std::size_t product(const std::string& path, const std::vector<std::int64_t>& sizes) {
    std::int64_t product = 1;
    for (const std::int64_t size : sizes) {
        // A quarter of the range leaves room for the header.
        if (__builtin_mul_overflow(product, size, &product) || product > std::numeric_limits<std::int64_t>::max() / 4) {
            throw DataError(path + ": the IDX header's sizes are too large");
        }
    }
    return static_cast<std::size_t>(product);
}

}  // namespace

IdxArray read_idx(const std::string& path, std::size_t rank) {
    std::string file = make_posix_file_system()->read(path);
    const bool is_gzip = file.starts_with("\x1f\x8b");
    const std::size_t header_size = 4 + 4 * rank;
    const Gunzip gunzip(path, file);
    const std::string header = is_gzip ? gunzip.first_bytes(header_size) : file.substr(0, header_size);

    IdxArray array{.sizes = read_sizes(path, header, rank), .bytes = {}};
    // The header is read first and by itself: it tells how much may be decompressed at most.
    const std::size_t expected = header_size + product(path, array.sizes);
    // One byte more than promised is asked for, so that trailing bytes are noticed without reading all of them.
    std::string content = is_gzip ? gunzip.first_bytes(expected + 1) : std::move(file);
    if (content.size() != expected) {
        throw DataError(fmt::format("{}: {}: its IDX header promises {} bytes, it has {}", path,
                                    content.size() < expected ? "truncated" : "trailing bytes", expected,
                                    is_gzip && content.size() > expected ? "more" : std::to_string(content.size())));
    }
    array.bytes = content.substr(header_size);
    return array;
}

}  // namespace halftone
