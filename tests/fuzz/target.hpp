#pragma once
// A fuzz target: one entry point of the program for bytes that a stranger may have written. The folder targets holds
// one file for each, and list.inc there names them. The same targets are run by two programs: fuzz_replay over stored
// inputs (in every test run), and fuzz_explore, libFuzzer's program, over inputs that it makes up (scripts/fuzz.sh).

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.hpp"

namespace halftone::fuzz {

struct FuzzTarget {
    /// Reads the bytes as the program would. Returns if they are accepted or refused with the right error; everything
    /// else (a crash, another exception, a call of finding()) is a finding.
    void (*run)(std::string_view bytes) = nullptr;
    /// Changes the bytes so that they keep the form of their format. Returns false if it cannot (for example because
    /// the bytes are damaged); they are then changed byte by byte. Null: always byte by byte.
    bool (*mutate)(std::string& bytes, Rng& rng) = nullptr;
    /// Returns seeds that only the program's own writers can make well, by file name. Null: make_corpus.py makes them.
    std::map<std::string, std::string> (*seeds)() = nullptr;
};

/// Runs a target on bytes. That an input needs more memory than the process may take (BudgetError) is a refusal like
/// any other, wherever it is noticed.
void run_target(const FuzzTarget& target, std::string_view bytes);

/// Returns the target with this name, or null.
[[nodiscard]] const FuzzTarget* find_target(std::string_view name);
/// Returns the names of all targets, in the order of the list.
[[nodiscard]] std::vector<std::string> target_names();

/// Whether a target makes a costly check for this input. Stored inputs are checked in every way. Inputs that are made
/// up are divided into `one_in` shares by a hash of their bytes, so an input that was found does the same when it is
/// run again; the check is made for one of the shares. A target says in its first comment what it checks for a share
/// only.
/// @param share  the number of the share, below `one_in`
[[nodiscard]] bool is_in_share(std::string_view bytes, std::uint64_t one_in, std::uint64_t share = 0);
/// Whether the inputs from now on are made up. They are not until this is called.
void set_made_up(bool are_made_up);
[[nodiscard]] bool inputs_are_made_up();

/// Says what is wrong on stderr, and ends the process with a signal, as a crash would.
[[noreturn]] void finding(std::string_view what);
/// Calls finding() unless `holds`.
inline void expect(bool holds, std::string_view what) {
    if (!holds) finding(what);
}

}  // namespace halftone::fuzz
