// Any bytes as an HDF5 file, in every place in which the program reads one:
//
//   read_heaps        each global heap of it, where rows of variable length lie
//   unpack_chunks     packed references to such rows
//   read_everything   each object and each attribute of the file, by the reader's functions for all kinds
//   read_as_ours      then as a file of distributions, as the index of a dump, as a part of a dump
//
// Each is refused with a DataError, or read. Every input is read from memory, and of our own files as the kind that it
// says it is: their readers look at that word first, and refuse the rest in one and the same way. One input in 16 is
// read from a path, too, and as each of these kinds.
#include <cstddef>
#include <vector>

#include "base/error.hpp"
#include "dump/h5/global_heap.hpp"
#include "dump/h5/packed_chunk.hpp"
#include "dump/h5_reader.hpp"
#include "dump/h5_writer.hpp"
#include "dump/tensor_dump.hpp"
#include "fuzz/scratch_folder.hpp"
#include "fuzz/target.hpp"
#include "study/distribution_bins.hpp"
#include "study/distribution_file.hpp"
#include "study/rank_dump.hpp"

namespace halftone::fuzz {
namespace {

constexpr int kMostDepth = 3;
constexpr std::size_t kMostObjects = 64;

/// Runs one reading; a refusal of it does not keep the others from being tried.
template <class Reading>
void try_reading(Reading&& reading) {
    try {
        reading();
    } catch (const DataError&) {
        return;
    }
}

void read_object(const H5Reader& file, const std::string& path) {
    try_reading([&] {
        const H5Layout layout = file.layout(path);
        if (layout.shape.empty() || layout.shape[0] < 1) return;
        // Room as a caller takes it who trusts the layout; more than a file of this size can hold is not asked for.
        std::size_t bytes = size_of(layout.dtype);
        for (std::size_t d = 1; d < layout.shape.size(); ++d) bytes *= static_cast<std::size_t>(layout.shape[d]);
        if (bytes > (1U << 20U)) return;
        std::vector<std::byte> row(bytes);
        file.read_rows(path, 0, 1, row);
    });
    try_reading([&] {
        const H5RowReader rows = file.rows(path);
        std::size_t elements = 1;
        for (std::size_t d = 1; d < rows.layout().shape.size(); ++d) {
            elements *= static_cast<std::size_t>(rows.layout().shape[d]);
        }
        if (elements > (1U << 20U)) return;
        if (rows.are_texts()) return (void)rows.texts(0);
        if (rows.have_lengths()) return (void)rows.row_bytes(0);
        std::vector<std::byte> row(elements * size_of(rows.layout().dtype));
        rows.read(0, row);
    });
    try_reading([&] { (void)file.numbers(path); });
    try_reading([&] { (void)file.integers(path); });
    try_reading([&] { (void)file.texts(path); });
    for (const char* name : {"format", "format_version", "units", "description", "scale"}) {
        // Refusing what is not there takes most of the time and is the same everywhere. A damaged one is tried.
        bool may_be_there = true;
        try_reading([&] { may_be_there = file.has_attribute(path, name); });
        if (!may_be_there) continue;
        try_reading([&] { (void)file.text_attribute(path, name); });
        try_reading([&] { (void)file.integer_attribute(path, name); });
        try_reading([&] { (void)file.numbers_attribute(path, name); });
    }
}

void read_everything(const H5Reader& file, const std::string& group, int depth, std::size_t& objects) {
    std::vector<std::string> names;
    try_reading([&] { names = file.list(group); });
    for (const std::string& name : names) {
        if (++objects > kMostObjects) return;
        const std::string path = (group == "/" ? "/" : group + "/") + name;
        read_object(file, path);
        if (depth < kMostDepth) read_everything(file, path, depth + 1, objects);
    }
}

/// A finished dump of one unit and three samples in two parts.
DumpLayout dump_layout() {
    DumpLayout layout;
    layout.identity = "one";
    layout.samples = 3;
    layout.batch = 2;
    layout.shards = {{0, 2}, {2, 1}};
    layout.units.push_back({.group = dump_group(0, "/conv.1"),
                            .unit = "/conv.1",
                            .op = "Conv",
                            .value = "y",
                            .sample_shape = {2},
                            .inner = 2,
                            .stored = DType::u8,
                            .scale = 0.5,
                            .zero_point = 10});
    return layout;
}

void write_dump(const std::string& folder) {
    const DumpLayout layout = dump_layout();
    const float fp32[] = {1, 2, 3, 4, 5, 6};
    const std::uint8_t codes[] = {12, 14, 16, 18, 20, 255};
    for (const std::size_t shard : {0U, 1U}) {
        DumpPart part(layout, shard, folder);
        const auto first = static_cast<std::size_t>(2 * layout.shards[shard].first);
        part.write(0, 0, layout.shards[shard].count, reinterpret_cast<const std::byte*>(fp32 + first),
                   reinterpret_cast<const std::byte*>(codes + first));
        part.commit();
    }
    H5Writer file(folder + "/index.h5");
    write_index(file, layout, folder);
    file.commit();
}

/// A dump in which the file `name` is replaced by the bytes.
void read_dump_with(const std::string& name, std::string_view bytes) {
    static const ScratchFolder index, part;  // one for each name: the other files of a dump stay whole
    static const bool is_written = [] {
        write_dump(index.path());
        write_dump(part.path());
        return true;
    }();
    (void)is_written;
    const ScratchFolder& folder = name == "index.h5" ? index : part;
    folder.write(name, bytes);
    try_reading([&] { (void)study::rank_dump(folder.path(), study::DumpOrder::mse); });
    if (name == part_name(0)) try_reading([&] { (void)check_part(dump_layout(), 0, folder.path()); });
}

/// The bytes as one of our own files: as the kind that the file says it is, or as each kind where that is empty.
void read_as_ours(const std::string& format, std::string_view bytes) {
    static const ScratchFolder folder;
    if (format.empty() || format == "halftone distributions") {
        const std::string path = folder.write("fuzz.h5", bytes);
        try_reading([&] { (void)study::read_distribution_file(path, 2); });
    }
    if (format.empty() || format == "halftone dump") read_dump_with("index.h5", bytes);
    if (format.empty() || format == "halftone dump part") read_dump_with(part_name(0), bytes);
}

/// The bytes as a heap, from each place in which one begins.
void read_heaps(std::string_view bytes) {
    for (std::size_t at = bytes.find("GCOL"); at != std::string_view::npos; at = bytes.find("GCOL", at + 1)) {
        const std::string_view heap = bytes.substr(at);
        try_reading([&] { (void)h5::heap_bytes(heap.substr(0, h5::kHeapHeaderBytes), "heap"); });
        for (const std::uint32_t index : {1U, 2U, 9U}) try_reading([&] { (void)h5::heap_object(heap, index, "heap"); });
    }
}

/// The bytes as a chunk, and from each place in which packed bytes may begin (zlib's header for 32 KiB windows).
void unpack_chunks(std::string_view bytes) {
    using h5::ChunkFilter;
    const auto unpack = [](std::string_view stored, const h5::Packing& packing) {
        for (const unsigned left_out : {0U, 1U}) {
            try_reading([&] { (void)h5::unpack_chunk(stored, packing, left_out, 64, 16, "chunk"); });
        }
    };
    unpack(bytes, {ChunkFilter::shuffle});
    for (std::size_t at = bytes.find('\x78'); at != std::string_view::npos; at = bytes.find('\x78', at + 1)) {
        unpack(bytes.substr(at), {ChunkFilter::deflate});
        unpack(bytes.substr(at), {ChunkFilter::shuffle, ChunkFilter::deflate});
    }
}

void read_all(const H5Reader& file) {
    std::size_t objects = 0;
    read_object(file, "/");
    read_everything(file, "/", 0, objects);
}

void run_h5(std::string_view bytes) {
    read_heaps(bytes);
    unpack_chunks(bytes);
    if (is_in_share(bytes, 16)) {
        static const ScratchFolder folder;
        const std::string path = folder.write("fuzz.h5", bytes);
        try_reading([&] { read_all(H5Reader(path)); });
        read_as_ours("", bytes);
    }
    std::string format = "unknown";
    try_reading([&] {
        const H5Reader file(bytes, "fuzz.h5");
        try_reading([&] { format = file.text_attribute("/", "format"); });
        read_all(file);
    });
    read_as_ours(format.empty() ? "unknown" : format, bytes);
}

std::map<std::string, std::string> h5_seeds() {
    const ScratchFolder folder;
    write_dump(folder.path());
    const Distribution values{.low = -1,
                              .high = 1,
                              .counts = std::vector<std::int64_t>(study::kDistributionBins + 2, 1),
                              .min = -1,
                              .max = 1,
                              .sum = 0,
                              .sum_squares = 1};
    study::write_distribution_file(folder / "distributions.h5", {.values = {values, values}, .sqnr_db = {10, 20}});
    return {{"index.h5", folder.read("index.h5")},
            {"part.h5", folder.read(part_name(0))},
            {"distributions.h5", folder.read("distributions.h5")}};
}

}  // namespace

FuzzTarget make_h5_target() { return {.run = &run_h5, .seeds = &h5_seeds}; }

}  // namespace halftone::fuzz
