// Any bytes as an HDF5 file, in every place in which the program reads one:
//
//   read_heaps        each global heap of it, where rows of variable length lie
//   unpack_chunks     packed references to such rows
//   read_by_library   each object and each attribute of the file, by the reader's functions for all kinds
//   read_as_ours      then as a file of distributions, as the index of a dump, as a part of a dump
//
// Each is refused with a DataError, or read. Every input is read from memory, and of our own files as the kind that it
// says it is: their readers look at that word first, and refuse the rest in one and the same way. One input in 16 is
// read from a path, too, and as each of these kinds.
//
// The library crashes on some damaged files by itself. The program refuses them, because a copy of it crashes first
// (dump/h5/crash_guard), and so do the stored inputs here. For inputs that are made up, one copy does read_by_library
// for thousands of them; an input on which the library ends it is refused. The other inputs are read again here, where
// the memory of the library is what earlier inputs have made of it.
#include <cstddef>
#include <vector>

#include "base/error.hpp"
#include "dump/h5/crash_guard.hpp"
#include "dump/h5/global_heap.hpp"
#include "dump/h5/packed_chunk.hpp"
#include "dump/h5/read_all.hpp"
#include "dump/h5_reader.hpp"
#include "dump/h5_writer.hpp"
#include "dump/tensor_dump.hpp"
#include "fuzz/scratch_folder.hpp"
#include "fuzz/serving_copy.hpp"
#include "fuzz/target.hpp"
#include "study/distribution_bins.hpp"
#include "study/distribution_file.hpp"
#include "study/rank_dump.hpp"

namespace halftone::fuzz {
namespace {

/// Runs one reading; a refusal of it does not keep the others from being tried.
template <class Reading>
void try_reading(Reading&& reading) {
    try {
        reading();
    } catch (const DataError&) {
        return;
    }
}

const ScratchFolder& h5_folder() {
    static const ScratchFolder folder;
    return folder;
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
    h5::trust_file(folder.write(name, bytes));
    try_reading([&] { (void)study::rank_dump(folder.path(), study::DumpOrder::mse); });
    if (name == part_name(0)) try_reading([&] { (void)check_part(dump_layout(), 0, folder.path()); });
}

/// The bytes as one of our own files: as the kind that the file says it is, or as each kind where that is empty.
void read_as_ours(const std::string& format, std::string_view bytes) {
    if (format.empty() || format == "halftone distributions") {
        const std::string path = h5_folder().write("fuzz.h5", bytes);
        h5::trust_file(path);
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

/// What the library is asked to do with any file.
void read_by_library(std::string_view bytes) {
    try_reading([&] { (void)h5::read_all(H5Reader(bytes, "fuzz.h5")); });
    if (!is_in_share(bytes, 16)) return;
    const std::string path = h5_folder().write("fuzz.h5", bytes);
    try_reading([&] { (void)h5::read_all(H5Reader(path, H5Guard::off)); });
}

/// Whether the library reads the bytes without a crash.
bool can_be_read(std::string_view bytes) {
    // Made before the copy, which never removes one of its own.
    const ScratchFolder& folder = h5_folder();
    static ServingCopy copy(&read_by_library, "H5open");
    if (inputs_are_made_up()) return copy.survives(bytes);
    try {
        const H5Reader file(folder.write("fuzz.h5", bytes));
        return true;
    } catch (const DataError& error) {
        return std::string_view(error.what()).find("without a crash") == std::string_view::npos;
    }
}

void run_h5(std::string_view bytes) {
    read_heaps(bytes);
    unpack_chunks(bytes);
    if (!can_be_read(bytes)) return;
    read_by_library(bytes);
    std::string format = "unknown";
    try_reading([&] { format = H5Reader(bytes, "fuzz.h5").text_attribute("/", "format"); });
    if (is_in_share(bytes, 16)) read_as_ours("", bytes);
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
