// The table of all targets, from list.inc.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "base/budget.hpp"
#include "base/hash.hpp"
#include "base/registry.hpp"
#include "fuzz/target.hpp"

namespace halftone::fuzz {

#define HALFTONE_PLUGIN(word, name) FuzzTarget make_##name##_target();
#include "list.inc"
#undef HALFTONE_PLUGIN

namespace {

using MakeTarget = FuzzTarget (*)();

#define HALFTONE_PLUGIN(word, name) RegistryRow<MakeTarget>{word, &make_##name##_target},
constexpr auto kTargets = make_registry<MakeTarget>({
#include "list.inc"
});
#undef HALFTONE_PLUGIN

bool are_inputs_made_up = false;  // a process runs its inputs one after the other

}  // namespace

bool is_in_share(std::string_view bytes, std::uint64_t one_in, std::uint64_t share) {
    return !are_inputs_made_up || hash_bytes(std::as_bytes(std::span(bytes))) % one_in == share;
}

void set_made_up(bool are_made_up) { are_inputs_made_up = are_made_up; }
bool inputs_are_made_up() { return are_inputs_made_up; }

void run_target(const FuzzTarget& target, std::string_view bytes) {
    try {
        target.run(bytes);
    } catch (const BudgetError&) {
        return;
    }
}

const FuzzTarget* find_target(std::string_view name) {
    const MakeTarget* make = kTargets.find(name);
    if (make == nullptr) return nullptr;
    static FuzzTarget chosen;  // a process runs one target at a time
    chosen = (*make)();
    return &chosen;
}

std::vector<std::string> target_names() { return kTargets.words(); }

void finding(std::string_view what) {
    std::fprintf(stderr, "finding: %.*s\n", static_cast<int>(what.size()), what.data());
    std::abort();
}

}  // namespace halftone::fuzz
