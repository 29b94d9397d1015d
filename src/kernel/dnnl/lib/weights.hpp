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

#include "kernel/ops/op.hpp"
#include "oneapi/dnnl/dnnl.hpp"

namespace halftone::onednn {

/// Thread-safe; the least recently used entries leave when their sum passes `limit_bytes`. Primitives that use an
/// entry keep it alive by themselves.
class PackedWeights final : public WeightCache {
public:
    PackedWeights(std::size_t limit_bytes, WeightHash hash) : limit_bytes_(limit_bytes), hash_(hash) {}

    [[nodiscard]] std::size_t bytes() const override;
    [[nodiscard]] std::size_t entries() const override;
    /// `weights`, whose buffer reads as `from`, in the layout `to`.
    [[nodiscard]] dnnl::memory get(const Tensor& weights, const dnnl::memory::desc& from, const dnnl::memory::desc& to);
    [[nodiscard]] std::shared_ptr<const void> get(const std::vector<Tensor>& sources, const std::string& form,
                                                  const std::function<Packed()>& pack) override;

private:
    struct Entry {
        std::vector<Tensor> sources;  // kept, so that their addresses name their content
        std::uint64_t content = 0;
        std::size_t bytes = 0;
        dnnl::memory::desc from{};
        dnnl::memory packed{};
        std::string form{};  // of an object of another kernel; empty: `from` and `packed` count
        std::shared_ptr<const void> object{};
    };
    using Entries = std::list<Entry>;
    using IsWanted = std::function<bool(const Entry&)>;
    /// Returns the entry of these sources that is wanted, and makes it if there is none. @pre the mutex is locked
    const Entry& find_or_make(const std::vector<Tensor>& sources, const IsWanted& is_wanted,
                              const std::function<Entry()>& make);
    /// Drops the least recently used entry.
    void forget_oldest();

    const std::size_t limit_bytes_;
    const WeightHash hash_;
    mutable std::mutex mutex_;
    Entries entries_;  // most recently used first
    // A model of 100,000 layers has as many entries, so that none is found by a walk over all of them. Several entries
    // may have one key: a weight that is packed for several primitives.
    std::unordered_multimap<const std::byte*, Entries::iterator> by_address_;  // of the first source
    std::unordered_multimap<std::uint64_t, Entries::iterator> by_content_;
    std::size_t bytes_ = 0;
};

/// Through `cache` when there is one.
[[nodiscard]] dnnl::memory pack(WeightCache* cache, const Tensor& weights, const dnnl::memory::desc& from,
                                const dnnl::memory::desc& to);

}  // namespace halftone::onednn
