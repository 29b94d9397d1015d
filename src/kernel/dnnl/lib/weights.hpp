#pragma once
// Weights in the layout that a primitive wants, and the cache of them. Packing includes what oneDNN adds for int8
// (compensation of zero points); scales are not part of it, so equal codes with other scales share one entry.

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/budget.hpp"
#include "kernel/dnnl/lib/step.hpp"
#include "kernel/ops/op.hpp"
#include "oneapi/dnnl/dnnl.hpp"

namespace halftone::onednn {

/// Packed weights, whose bytes the process's budget counts.
struct PackedWeight {
    BudgetedBytes bytes;
    dnnl::memory memory;
};
using SharedWeight = std::shared_ptr<const PackedWeight>;

/// Thread-safe. The least recently used entries that nobody uses leave when the sum of all entries passes `limit_bytes`
/// or a quarter of the process's memory, and all of them leave before the process's budget refuses memory to anybody.
/// An entry in use stays: its primitives keep it alive, so forgetting it would free nothing, and the next primitive
/// would pack it again.
class PackedWeights final : public WeightCache {
public:
    PackedWeights(std::size_t limit_bytes, WeightHash hash);
    ~PackedWeights() override;

    [[nodiscard]] std::size_t bytes() const override;
    [[nodiscard]] std::size_t entries() const override;
    /// `weights`, whose buffer reads as `from`, in the layout `to`. @throws BudgetError
    [[nodiscard]] SharedWeight get(const Tensor& weights, const dnnl::memory::desc& from, const dnnl::memory::desc& to);
    [[nodiscard]] std::shared_ptr<const void> get(const std::vector<Tensor>& sources, const std::string& form,
                                                  const std::function<Packed()>& pack) override;

private:
    struct Entry {
        std::vector<Tensor> sources;  // kept, so that their addresses name their content
        std::uint64_t content = 0;
        std::size_t bytes = 0;
        dnnl::memory::desc from{};
        SharedWeight packed{};
        std::string form{};  // of an object of another kernel; empty: `from` and `packed` count
        std::shared_ptr<const void> object{};

        [[nodiscard]] bool is_used() const { return packed.use_count() > 1 || object.use_count() > 1; }
    };
    using Entries = std::list<Entry>;
    using IsWanted = std::function<bool(const Entry&)>;
    /// Returns the entry of these sources that is wanted, and makes it if there is none. @pre the gate is locked
    const Entry& find_or_make(const std::vector<Tensor>& sources, const IsWanted& is_wanted,
                              const std::function<Entry()>& make);
    /// The lock, which the budget finds as well; it may outlive the cache.
    class Gate;
    void drop_unused();
    /// Drops entries that nobody uses, the least recently used first, until the limit holds.
    void keep_limit();
    void forget(Entries::iterator entry);

    const std::size_t limit_bytes_;
    const WeightHash hash_;
    const std::shared_ptr<Gate> gate_;
    Entries entries_;  // most recently used first
    // A model of 100,000 layers has as many entries, so that none is found by a walk over all of them. Several entries
    // may have one key: a weight that is packed for several primitives.
    std::unordered_multimap<const std::byte*, Entries::iterator> by_address_;  // of the first source
    std::unordered_multimap<std::uint64_t, Entries::iterator> by_content_;
    std::size_t bytes_ = 0;
};

/// Through `cache` when there is one. @throws BudgetError
[[nodiscard]] SharedWeight pack(WeightCache* cache, const Tensor& weights, const dnnl::memory::desc& from,
                                const dnnl::memory::desc& to);
/// Gives a step what pack() returns as its constant DNNL_ARG_WEIGHTS. @throws BudgetError
void add_weights(StepParts& parts, WeightCache* cache, const Tensor& weights, const dnnl::memory::desc& from,
                 const dnnl::memory::desc& to);

}  // namespace halftone::onednn
