#include "base/reclaim.hpp"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace halftone {
namespace {

struct KeptMemory {
    std::mutex mutex;
    std::vector<std::weak_ptr<Reclaimable>> all;
};

KeptMemory& kept_memory() {
    static KeptMemory* const instance = new KeptMemory;  // never destroyed: statics may still take memory at the end
    return *instance;
}

}  // namespace

void add_reclaimable(const std::shared_ptr<Reclaimable>& kept) {
    KeptMemory& memory = kept_memory();
    const std::lock_guard lock(memory.mutex);
    std::erase_if(memory.all, [](const auto& each) { return each.expired(); });
    memory.all.push_back(kept);
}

bool reclaim_memory() noexcept {
    std::vector<std::shared_ptr<Reclaimable>> living;
    {
        KeptMemory& memory = kept_memory();
        const std::lock_guard lock(memory.mutex);
        for (const auto& each : memory.all) {
            if (auto kept = each.lock()) living.push_back(std::move(kept));
        }
    }
    // Without the lock: giving up frees objects, and what they do then is their matter.
    for (const auto& kept : living) kept->give_up();
    return !living.empty();
}

}  // namespace halftone
