// IDX files, plain or gzip: a header with a type and sizes, then that many bytes. The file is untrusted, so nothing is
// allocated before the header's promise was compared with what the file holds.
#include "data/idx_file.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"

namespace halftone {
namespace {

// The most bytes that deflate makes of one. Source: zlib's technical notes, "Maximum Expansion Factor": 1032:1.
constexpr std::size_t kMostDeflateRatio = 1032;

/// Decompresses members of a gzip stream until `limit` bytes are out, so that a small file cannot fill the memory.
class Gunzip {
public:
    Gunzip(const std::string& name, std::string_view compressed) : name_(name), compressed_(compressed) {}

    [[nodiscard]] std::string first_bytes(std::size_t limit) const {
        ByteReader input(compressed_, name_);
        std::string out;
        do {
            inflate_member(input, limit, out);
            // Bytes after a member belong to the next one; anything else there is padding, which gzip ignores too.
        } while (out.size() < limit && is_gzip(input));
        return out;
    }

private:
    /// Looks ahead in a copy of the reader.
    [[nodiscard]] static bool is_gzip(ByteReader input) { return input.get_bytes(2) == "\x1f\x8b"; }

    /// Appends one member to `out`, and leaves `input` behind it.
    void inflate_member(ByteReader& input, std::size_t limit, std::string& out) const {
        z_stream stream{};
        constexpr int kGzipOnly = 16 + MAX_WBITS;
        if (inflateInit2(&stream, kGzipOnly) != Z_OK) throw DataError(name_ + ": zlib cannot start");
        int status = Z_OK;
        std::array<char, 65536> chunk;
        // In pieces of 64 KiB: how much comes out is not known before.
        while (status == Z_OK && out.size() < limit) {
            // zlib counts its input in 32 bits. It need not take all that it is given, so the reader goes on
            // afterwards.
            const std::string_view next = ByteReader(input).get_bytes(std::min(input.left(), std::size_t{1} << 30U));
            const auto room = static_cast<uInt>(std::min(chunk.size(), limit - out.size()));
            // zlib only reads through next_in; its type lacks the const.
            stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(next.data()));
            stream.avail_in = static_cast<uInt>(next.size());
            stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
            stream.avail_out = room;
            status = inflate(&stream, Z_NO_FLUSH);
            static_cast<void>(input.get_bytes(next.size() - stream.avail_in));
            out.append(chunk.data(), room - stream.avail_out);
        }
        inflateEnd(&stream);
        // No input is left and the stream has not ended.
        if (status == Z_BUF_ERROR) throw DataError(name_ + ": the gzip file is truncated");
        if (status != Z_OK && status != Z_STREAM_END) throw DataError(name_ + ": the gzip file is damaged");
    }

    const std::string& name_;
    std::string_view compressed_;
};

/// Source: "The IDX file format" on the page of the MNIST database: a magic number with type and rank, then the sizes.
/// All numbers have their highest byte first, whatever machine reads them.
std::vector<std::int64_t> read_sizes(const std::string& name, std::string_view header, std::size_t rank) {
    constexpr std::uint32_t kUnsignedByte = 0x0800;
    const auto expected = static_cast<std::uint32_t>(kUnsignedByte + rank);
    ByteReader reader(header, name, ByteOrder::big);
    const auto magic = reader.get<std::uint32_t>("a magic number");
    // A file of fewer than four bytes is told to be truncated below, which says more than a wrong magic number.
    if (reader.ok() && magic != expected) {
        throw DataError(
            fmt::format("{}: not an IDX file of unsigned bytes with {} dimension{}: its magic number is "
                        "0x{:08x}, not 0x{:08x}",
                        name, rank, rank == 1 ? "" : "s", magic, expected));
    }
    std::vector<std::int64_t> sizes;
    for (std::size_t i = 0; i < rank; ++i) sizes.push_back(reader.get<std::uint32_t>("a size"));
    if (!reader.ok()) {
        throw DataError(fmt::format("{}: truncated: {} bytes are too few for an IDX header", name, header.size()));
    }
    return sizes;
}

std::size_t product(const std::string& name, const std::vector<std::int64_t>& sizes) {
    std::int64_t product = 1;
    for (const std::int64_t size : sizes) {
        // A quarter of the range leaves room for the header.
        if (__builtin_mul_overflow(product, size, &product) || product > std::numeric_limits<std::int64_t>::max() / 4) {
            throw DataError(name + ": the IDX header's sizes are too large");
        }
    }
    return static_cast<std::size_t>(product);
}

}  // namespace

IdxArray parse_idx(std::string_view file, std::size_t rank, const std::string& name) {
    const bool is_gzip = file.starts_with("\x1f\x8b");
    const std::size_t header_size = 4 + 4 * rank;
    const Gunzip gunzip(name, file);
    const std::string header = is_gzip ? gunzip.first_bytes(header_size) : std::string(file.substr(0, header_size));

    IdxArray array{.sizes = read_sizes(name, header, rank), .bytes = {}, .taken = {}};
    // The header is read first and by itself: it tells how much may be decompressed at most.
    const std::size_t expected = header_size + product(name, array.sizes);
    // What deflate can make of the file at best bounds the memory before anything else is decompressed.
    if (is_gzip && expected / kMostDeflateRatio > file.size()) {
        throw DataError(
            fmt::format("{}: truncated: its IDX header promises {} bytes, which {} bytes of gzip cannot hold", name,
                        expected, file.size()));
    }
    array.taken = std::make_shared<const BudgetedBytes>(process_budget(), expected, name);
    // One byte more than promised is asked for, so that trailing bytes are noticed without reading all of them.
    std::string decompressed;
    if (is_gzip) decompressed = gunzip.first_bytes(expected + 1);
    const std::string_view content = is_gzip ? decompressed : file;
    if (content.size() != expected) {
        throw DataError(fmt::format("{}: {}: its IDX header promises {} bytes, it has {}", name,
                                    content.size() < expected ? "truncated" : "trailing bytes", expected,
                                    is_gzip && content.size() > expected ? "more" : std::to_string(content.size())));
    }
    array.bytes = content.substr(header_size);
    return array;
}

IdxArray read_idx(const std::string& path, std::size_t rank) {
    const auto files = make_posix_file_system();
    const BudgetedBytes file(process_budget(), std::min(files->size(path), FileSystem::kMostFileBytes), path);
    return parse_idx(files->read(path), rank, path);
}

}  // namespace halftone
