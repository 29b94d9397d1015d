// libFuzzer's program, for all targets: the environment variable HALFTONE_FUZZ_TARGET names the one to run. One program
// spares linking (and instrumenting) every room once for each target. scripts/fuzz.sh starts it.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fuzz/target.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

const halftone::fuzz::FuzzTarget& chosen_target() {
    static const halftone::fuzz::FuzzTarget* target = [] {
        // NOLINTBEGIN(concurrency-mt-unsafe): before the first input there is one thread
        const char* name = std::getenv("HALFTONE_FUZZ_TARGET");
        const auto* found = halftone::fuzz::find_target(name == nullptr ? "" : name);
        if (found == nullptr) {
            std::fprintf(stderr, "error: HALFTONE_FUZZ_TARGET must name a target; scripts/fuzz.sh -h lists them\n");
            std::exit(2);
        }
        // NOLINTEND(concurrency-mt-unsafe)
        halftone::fuzz::set_made_up(true);
        return found;
    }();
    return *target;
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): libFuzzer's names
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    halftone::fuzz::run_target(chosen_target(), {reinterpret_cast<const char*>(data), size});
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
    const auto mutate = chosen_target().mutate;
    halftone::Rng rng(seed);
    // One input in eight is changed byte by byte all the same: damage of the form itself must be read, too.
    if (mutate != nullptr && rng.below(8) != 0) {
        std::string bytes(reinterpret_cast<const char*>(data), size);
        if (mutate(bytes, rng) && bytes.size() <= max_size) {
            std::copy(bytes.begin(), bytes.end(), data);
            return bytes.size();
        }
    }
    return LLVMFuzzerMutate(data, size, max_size);
}
// NOLINTEND(readability-identifier-naming)
