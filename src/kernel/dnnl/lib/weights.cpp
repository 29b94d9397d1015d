#include "kernel/dnnl/lib/weights.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/ops/request_fields.hpp"

namespace halftone {
namespace onednn {
namespace {

dnnl::memory reorder_weights(const Tensor& weights, const dnnl::memory::desc& from, const dnnl::memory::desc& to) {
    apply_kernel_threads();
    return checked("packing of weights", [&] {
        // Read only, although oneDNN's handle is not const.
        dnnl::memory source(from, cpu_engine(), const_cast<std::byte*>(weights.view().data));
        dnnl::memory target(to, cpu_engine());
        dnnl::stream stream(cpu_engine());
        dnnl::reorder(source, target).execute(stream, source, target);
        // The source may be freed when this returns.
        stream.wait();
        return target;
    });
}

}  // namespace

std::size_t PackedWeights::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

std::size_t PackedWeights::entries() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

// The lock is held while packing: two threads that want the same weights pack them once.
dnnl::memory PackedWeights::get(const Tensor& weights, const dnnl::memory::desc& from, const dnnl::memory::desc& to) {
    const std::lock_guard lock(mutex_);
    const auto use = [&](std::list<Entry>::iterator entry) {
        entries_.splice(entries_.begin(), entries_, entry);
        return entries_.front().packed;
    };
    const auto is_wanted = [&](const Entry& entry) { return entry.from == from && entry.packed.get_desc() == to; };
    // First by address: sessions of one process share a weight's buffer, and comparing pointers is free. Only a miss
    // hashes the contents, which finds equal weights in other buffers, such as the same codes made for another
    // candidate.
    const auto same = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return entry.source.view().data == weights.view().data && entry.source.bytes() == weights.bytes() &&
               is_wanted(entry);
    });
    if (same != entries_.end()) return use(same);
    const std::uint64_t content = hash_({weights.view().data, weights.bytes()});
    // The hash only saves comparisons: two different weights may have the same.
    const auto equal = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return entry.content == content && is_wanted(entry) && is_same(entry.source, weights);
    });
    if (equal != entries_.end()) return use(equal);
    entries_.push_front({weights, content, from, reorder_weights(weights, from, to)});
    bytes_ += to.get_size();
    // The least recently used entries go. A session that is still using one keeps it alive by its own handle, so this
    // only bounds what the cache itself holds. The newest entry stays in any case.
    while (bytes_ > limit_bytes_ && entries_.size() > 1) {
        bytes_ -= entries_.back().packed.get_desc().get_size();
        entries_.pop_back();
    }
    return entries_.front().packed;
}

dnnl::memory pack(WeightCache* cache, const Tensor& weights, const dnnl::memory::desc& from,
                  const dnnl::memory::desc& to) {
    // Tests and single runs need no cache.
    if (cache == nullptr) return reorder_weights(weights, from, to);
    auto* packed = dynamic_cast<PackedWeights*>(cache);
    HALFTONE_CHECK(packed != nullptr, "weight caches come from make_weight_cache()");
    return packed->get(weights, from, to);
}

}  // namespace onednn

std::unique_ptr<WeightCache> make_weight_cache(WeightHash hash) {
    constexpr std::size_t kLimitBytes = std::size_t{512} << 20U;
    return std::make_unique<onednn::PackedWeights>(kLimitBytes, hash == nullptr ? hash_bytes : hash);
}

}  // namespace halftone
