#include "base/free_memory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace halftone {
namespace {

/// A folder with copies of the files of /proc and /sys that are read.
class FreeMemory : public testing::Test {
protected:
    FreeMemory() : root_(testing::TempDir() + "free_memory_" + std::to_string(::getpid())) {
        std::filesystem::remove_all(root_);
    }
    ~FreeMemory() override { std::filesystem::remove_all(root_); }

    void write(const std::string& path, const std::string& text) const {
        const std::filesystem::path full = root_ + path;
        std::filesystem::create_directories(full.parent_path());
        std::ofstream(full) << text;
    }

    std::string root_;
};

TEST_F(FreeMemory, IsWhatTheMachineHasAvailable) {
    write("/proc/meminfo", "MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable:     600 kB\n");
    EXPECT_EQ(free_memory(root_), 600 * 1024);
}

TEST_F(FreeMemory, IsWhatTheGroupOfVersion2Leaves) {
    write("/proc/meminfo", "MemAvailable: 600 kB\n");
    write("/proc/self/cgroup", "0::/job/step\n");
    write("/sys/fs/cgroup/job/step/memory.max", "max\n");
    write("/sys/fs/cgroup/job/step/memory.current", "5000\n");
    // The group around the process's own is the tight one.
    write("/sys/fs/cgroup/job/memory.max", "100000\n");
    write("/sys/fs/cgroup/job/memory.current", "70000\n");
    write("/sys/fs/cgroup/job/memory.stat", "anon 60000\ninactive_file 10000\n");
    EXPECT_EQ(free_memory(root_), 40000);
}

TEST_F(FreeMemory, IsWhatTheContainersOwnGroupLeaves) {
    write("/proc/meminfo", "MemAvailable: 600 kB\n");
    write("/proc/self/cgroup", "0::/../elsewhere\n");  // a path of the host
    write("/sys/fs/cgroup/memory.max", "100000\n");
    write("/sys/fs/cgroup/memory.current", "30000\n");
    EXPECT_EQ(free_memory(root_), 70000);
}

TEST_F(FreeMemory, IsWhatTheGroupOfVersion1Leaves) {
    write("/proc/meminfo", "MemAvailable: 600 kB\n");
    write("/proc/self/cgroup", "7:cpu,cpuacct:/slurm\n5:memory:/slurm/job_1\n");
    write("/sys/fs/cgroup/memory/slurm/job_1/memory.limit_in_bytes", "100000\n");
    write("/sys/fs/cgroup/memory/slurm/job_1/memory.usage_in_bytes", "90000\n");
    write("/sys/fs/cgroup/memory/slurm/job_1/memory.stat", "total_inactive_file 15000\n");
    EXPECT_EQ(free_memory(root_), 25000);
}

TEST_F(FreeMemory, IsNothingInAFullGroup) {
    write("/proc/meminfo", "MemAvailable: 600 kB\n");
    write("/proc/self/cgroup", "0::/\n");
    write("/sys/fs/cgroup/memory.max", "1000\n");
    write("/sys/fs/cgroup/memory.current", "2000\n");
    EXPECT_EQ(free_memory(root_), 0);
}

TEST(FreeMemoryOfThisMachine, IsKnown) { EXPECT_LT(free_memory(), std::uint64_t{1} << 50); }

TEST(RanksOnMachine, IsAtLeastOne) { EXPECT_GE(ranks_on_machine(), 1); }

}  // namespace
}  // namespace halftone
