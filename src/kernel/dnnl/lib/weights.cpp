// Packed weights, from a tensor to the argument of a primitive.
//
//   add_weights, pack   through the cache where there is one
//   PackedWeights::get  finds an entry by address, else by content, else makes it (find_or_make)
//   keep_limit          after each new entry: old ones that nobody uses leave
//   Gate                how the budget of the process finds the cache when there is no memory left (drop_unused)
#include "kernel/dnnl/lib/weights.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/hash.hpp"
#include "base/reclaim.hpp"
#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/ops/request_fields.hpp"

namespace halftone {
namespace onednn {
namespace {

/// So many of the oldest entries are looked at for each new one. If all entries are in use, a walk over all of them for
/// each new one would take quadratic time.
constexpr int kLooks = 8;
constexpr std::uint64_t kShareOfMemory = 4;

SharedWeight reorder_weights(const Tensor& weights, const dnnl::memory::desc& from, const dnnl::memory::desc& to) {
    apply_kernel_threads();
    return checked("packing of weights", [&] {
        // The braces take the bytes before oneDNN does.
        const SharedWeight packed(
            new PackedWeight{BudgetedBytes(process_budget(), to.get_size(), "a packed weight"), {to, cpu_engine()}});
        // Read only, although oneDNN's handle is not const.
        dnnl::memory source(from, cpu_engine(), const_cast<std::byte*>(weights.view().data));
        dnnl::memory target = packed->memory;
        dnnl::stream stream(cpu_engine());
        dnnl::reorder(source, target).execute(stream, source, target);
        // The source may be freed when this returns.
        stream.wait();
        return packed;
    });
}

/// Returns the entry under this key of an index that is wanted; nothing if there is none.
template <class Index, class IsWanted>
std::optional<typename Index::mapped_type> find_entry(const Index& index, const typename Index::key_type& key,
                                                      const IsWanted& is_wanted) {
    const auto [begin, end] = index.equal_range(key);
    const auto found = std::find_if(begin, end, [&](const auto& row) { return is_wanted(*row.second); });
    if (found == end) return std::nullopt;
    return found->second;
}

}  // namespace

// Recursive: packing takes memory, and the budget may then ask this very cache for some. No function holds an iterator
// while it packs.
class PackedWeights::Gate final : public Reclaimable {
public:
    explicit Gate(PackedWeights& cache) : cache_(&cache) {}
    void close() {
        const std::lock_guard lock(mutex);
        cache_ = nullptr;
    }
    void give_up() noexcept override {
        const std::unique_lock lock(mutex, std::try_to_lock);
        if (lock.owns_lock() && cache_ != nullptr) cache_->drop_unused();
    }

    std::recursive_mutex mutex;

private:
    PackedWeights* cache_;
};

PackedWeights::PackedWeights(std::size_t limit_bytes, WeightHash hash)
    : limit_bytes_(limit_bytes), hash_(hash), gate_(std::make_shared<Gate>(*this)) {
    add_reclaimable(gate_);
}

PackedWeights::~PackedWeights() { gate_->close(); }

std::size_t PackedWeights::bytes() const {
    const std::lock_guard lock(gate_->mutex);
    return bytes_;
}

std::size_t PackedWeights::entries() const {
    const std::lock_guard lock(gate_->mutex);
    return entries_.size();
}

// The lock is held while packing: two threads that want the same weights pack them once.
const PackedWeights::Entry& PackedWeights::find_or_make(const std::vector<Tensor>& sources, const IsWanted& is_wanted,
                                                        const std::function<Entry()>& make) {
    const auto use = [&](Entries::iterator entry) -> const Entry& {
        entries_.splice(entries_.begin(), entries_, entry);
        return entries_.front();
    };
    // First by address: sessions of one process share a weight's buffer, and comparing pointers is free. Only a miss
    // hashes the contents, which finds equal weights in other buffers, such as the same codes made for another
    // candidate.
    const auto are_all = [&](const Entry& entry, const auto& is_equal) {
        return is_wanted(entry) &&
               std::equal(entry.sources.begin(), entry.sources.end(), sources.begin(), sources.end(), is_equal);
    };
    const std::byte* address = sources[0].view().data;
    const auto same = find_entry(by_address_, address, [&](const Entry& entry) {
        return are_all(entry, [](const Tensor& a, const Tensor& b) {
            return a.view().data == b.view().data && a.bytes() == b.bytes();
        });
    });
    if (same) return use(*same);
    std::uint64_t content = 0;
    for (const Tensor& source : sources) {
        content = 31 * content + (source.is_empty() ? 0 : hash_({source.view().data, source.bytes()}));
    }
    // The hash only saves comparisons: two different weights may have the same.
    const auto equal = find_entry(by_content_, content, [&](const Entry& entry) {
        return are_all(entry, [](const Tensor& a, const Tensor& b) { return is_same(a, b); });
    });
    if (equal) return use(*equal);
    entries_.push_front(make());
    Entry& entry = entries_.front();
    entry.sources = sources;
    entry.content = content;
    by_address_.emplace(address, entries_.begin());
    by_content_.emplace(content, entries_.begin());
    bytes_ += entry.bytes;
    keep_limit();
    return entry;
}

void PackedWeights::drop_unused() {
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const auto next = std::next(entry);
        if (!entry->is_used()) forget(entry);
        entry = next;
    }
}

void PackedWeights::keep_limit() {
    const std::uint64_t limit = std::min<std::uint64_t>(limit_bytes_, process_budget().byte_limit() / kShareOfMemory);
    // The newest entry, which nobody uses yet, stays in any case.
    for (int i = 0; i < kLooks && bytes_ > limit && entries_.size() > 1; ++i) {
        const auto oldest = std::prev(entries_.end());
        if (oldest->is_used()) {
            // Not in front of the newest one, which the caller is about to use.
            entries_.splice(std::next(entries_.begin()), entries_, oldest);
        } else {
            forget(oldest);
        }
    }
}

SharedWeight PackedWeights::get(const Tensor& weights, const dnnl::memory::desc& from, const dnnl::memory::desc& to) {
    const std::lock_guard lock(gate_->mutex);
    const auto is_wanted = [&](const Entry& entry) {
        return entry.form.empty() && entry.from == from && entry.packed->memory.get_desc() == to;
    };
    const auto make = [&] {
        Entry entry;
        entry.bytes = to.get_size();
        entry.from = from;
        entry.packed = reorder_weights(weights, from, to);
        return entry;
    };
    return find_or_make({weights}, is_wanted, make).packed;
}

std::shared_ptr<const void> PackedWeights::get(const std::vector<Tensor>& sources, const std::string& form,
                                               const std::function<Packed()>& pack) {
    const std::lock_guard lock(gate_->mutex);
    const auto is_wanted = [&](const Entry& entry) { return entry.form == form; };
    const auto make = [&] {
        Packed packed = pack();
        Entry entry;
        entry.bytes = packed.bytes;
        entry.form = form;
        entry.object = std::move(packed.object);
        return entry;
    };
    return find_or_make(sources, is_wanted, make).object;
}

void PackedWeights::forget(Entries::iterator entry) {
    const auto is_it = [&](const auto& row) { return row.second == entry; };
    const auto erase_from = [&](auto& index, const auto& key) {
        const auto [begin, end] = index.equal_range(key);
        index.erase(std::find_if(begin, end, is_it));
    };
    erase_from(by_address_, entry->sources[0].view().data);
    erase_from(by_content_, entry->content);
    bytes_ -= entry->bytes;
    entries_.erase(entry);
}

SharedWeight pack(WeightCache* cache, const Tensor& weights, const dnnl::memory::desc& from,
                  const dnnl::memory::desc& to) {
    // Tests and single runs need no cache.
    if (cache == nullptr) return reorder_weights(weights, from, to);
    auto* packed = dynamic_cast<PackedWeights*>(cache);
    HALFTONE_CHECK(packed != nullptr, "weight caches come from make_weight_cache()");
    return packed->get(weights, from, to);
}

void add_weights(StepParts& parts, WeightCache* cache, const Tensor& weights, const dnnl::memory::desc& from,
                 const dnnl::memory::desc& to) {
    const SharedWeight packed = pack(cache, weights, from, to);
    parts.constants.emplace_back(DNNL_ARG_WEIGHTS, packed->memory);
    parts.kept.push_back(packed);
}

}  // namespace onednn

std::unique_ptr<WeightCache> make_weight_cache(WeightHash hash) {
    constexpr std::size_t kLimitBytes = std::size_t{512} << 20U;
    return std::make_unique<onednn::PackedWeights>(kLimitBytes, hash == nullptr ? hash_bytes : hash);
}

}  // namespace halftone
