// Throughput of a dump's parts against plain write() of the same bytes, by two processes at once, in turn.
//   dump_benchmark FOLDER [rounds = 7] [MiB a process = 512]
// Prints the median rate of both and of the paired ratio. Both sync their files; rates include that.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <vector>

#include "base/error.hpp"
#include "dump/tensor_dump.hpp"

namespace {

using namespace halftone;

constexpr int kProcesses = 2;
constexpr std::int64_t kBatch = 25;
constexpr std::int64_t kShardSamples = 100;

/// Outputs as a small convolutional network has them, from 25 KiB to 300 KiB a sample in fp32.
DumpLayout layout_of(std::size_t shards) {
    DumpLayout layout;
    layout.identity = "benchmark";
    layout.batch = kBatch;
    for (std::size_t s = 0; s < shards; ++s) {
        layout.shards.push_back({static_cast<std::int64_t>(s) * kShardSamples, kShardSamples});
    }
    layout.samples = static_cast<std::int64_t>(shards) * kShardSamples;
    for (const std::int64_t channels : {8, 16, 16, 32, 64, 96}) {
        DumpedUnit unit;
        unit.unit = "unit";
        unit.group = dump_group(layout.units.size(), unit.unit);
        unit.sample_shape = {channels, 28, 28};
        unit.stored = DType::u8;
        layout.units.push_back(unit);
    }
    return layout;
}

std::int64_t bytes_per_sample(const DumpLayout& layout) {
    std::int64_t bytes = 0;
    for (const DumpedUnit& unit : layout.units) bytes += unit.sample_bytes();
    return bytes;
}

void write_dump(const DumpLayout& layout, std::size_t shard, const std::string& folder,
                const std::vector<std::byte>& data) {
    DumpPart part(layout, shard, folder);
    for (std::int64_t first = 0; first < kShardSamples; first += kBatch) {
        for (std::size_t u = 0; u < layout.units.size(); ++u) part.write(u, first, kBatch, data.data(), data.data());
    }
    part.commit();
}

/// The same bytes, in the same pieces.
void write_plain(const DumpLayout& layout, std::size_t shard, const std::string& folder,
                 const std::vector<std::byte>& data) {
    const std::string path = folder + "/plain-" + std::to_string(shard);
    const int file = open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0644);
    const auto put = [&](std::int64_t bytes) {
        for (std::int64_t done = 0; done < bytes;) {
            const ssize_t now = write(file, data.data() + done, static_cast<std::size_t>(bytes - done));
            if (now <= 0) std::_Exit(4);
            done += now;
        }
    };
    for (std::int64_t first = 0; first < kShardSamples; first += kBatch) {
        for (const DumpedUnit& unit : layout.units) {
            put(kBatch * unit.sample_elements() * 4);
            put(kBatch * unit.sample_elements());
        }
    }
    if (fsync(file) != 0 || close(file) != 0) std::_Exit(4);
}

/// Seconds until both processes have written every second shard.
double time_of(const DumpLayout& layout, const std::string& folder,
               const std::function<void(std::size_t)>& write_shard) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    sync();
    const auto start = std::chrono::steady_clock::now();
    std::vector<pid_t> children;
    for (int p = 0; p < kProcesses; ++p) {
        const pid_t child = fork();
        if (child == 0) {
            for (auto s = static_cast<std::size_t>(p); s < layout.shards.size(); s += kProcesses) write_shard(s);
            std::_Exit(0);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = 0;
        if (waitpid(child, &status, 0) < 0 || status != 0) {
            fmt::print(stderr, "error: a writer failed\n");
            std::exit(4);
        }
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: dump_benchmark FOLDER [rounds] [MiB a process]\n");
        return 2;
    }
    const std::string folder = std::string(argv[1]) + "/dump_benchmark";
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 7;
    const std::int64_t mebibytes = argc > 3 ? std::atoi(argv[3]) : 512;
    const std::int64_t shard_bytes = kShardSamples * bytes_per_sample(layout_of(1));
    const auto shards =
        static_cast<std::size_t>(kProcesses * std::max<std::int64_t>(1, (mebibytes << 20) / shard_bytes));
    const DumpLayout layout = layout_of(shards);
    std::vector<std::byte> data(static_cast<std::size_t>(kBatch * 96 * 28 * 28 * 4));
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i * 2654435761U >> 13U);
    std::vector<double> dump, plain, ratio;
    const double total = static_cast<double>(shard_bytes) * static_cast<double>(shards) / 1e6;
    for (int round = 0; round < rounds; ++round) {
        plain.push_back(total / time_of(layout, folder, [&](std::size_t s) { write_plain(layout, s, folder, data); }));
        dump.push_back(total / time_of(layout, folder, [&](std::size_t s) { write_dump(layout, s, folder, data); }));
        ratio.push_back(dump.back() / plain.back());
    }
    std::filesystem::remove_all(folder);
    fmt::print("{:.0f} MB by {} processes, {} rounds, medians: write() {:.0f} MB/s, dump {:.0f} MB/s, ratio {:.2f}\n",
               total, kProcesses, rounds, median(plain), median(dump), median(ratio));
    return 0;
}
