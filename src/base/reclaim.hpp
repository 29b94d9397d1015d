#pragma once
// Memory that is kept for later and can be given up: before the budget of the process refuses anything, it asks for it.

#include <memory>

namespace halftone {

/// Something that keeps memory which it can make again.
class Reclaimable {
public:
    Reclaimable() = default;
    Reclaimable(const Reclaimable&) = delete;
    Reclaimable& operator=(const Reclaimable&) = delete;
    virtual ~Reclaimable() = default;
    /// Gives back to the budget what nobody uses. Any thread may call this, also one that is just taking memory for
    /// this object, so it must not wait for a lock that another thread holds.
    virtual void give_up() noexcept = 0;
};

/// From now on the object is asked, as long as it lives.
void add_reclaimable(const std::shared_ptr<Reclaimable>& kept);
/// Asks all objects that live. Returns whether there is one.
bool reclaim_memory() noexcept;

}  // namespace halftone
