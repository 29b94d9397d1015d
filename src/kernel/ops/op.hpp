#pragma once
// Op, the interface of one operator in one backend, and Primitive, the step that it builds. Backends: `ref` (plain
// loops, the oracle) has every operator; `dnnl` (fast) and `native` (faster) have some.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernel/ops/layout.hpp"
#include "kernel/ops/request.hpp"

namespace halftone {

/// Yes, or a reason that a user can read.
struct Support {
    bool is_supported = false;
    std::string why;  ///< empty when supported
    static Support yes() { return {true, {}}; }
    static Support no(std::string reason) { return {false, std::move(reason)}; }
};

/// A built step. Executing it is not const, because it sets the addresses of its buffers: one thread at a time.
class Primitive {
public:
    virtual ~Primitive() = default;
    [[nodiscard]] virtual const Layout& input_layout(std::size_t i) const = 0;
    [[nodiscard]] virtual const Layout& output_layout(std::size_t i) const = 0;
    [[nodiscard]] virtual std::size_t scratch_bytes() const { return 0; }
    /// Bytes of packed weights that the step holds by itself. What lies in a WeightCache does not count.
    [[nodiscard]] virtual std::size_t weight_bytes() const { return 0; }
    /// Input whose buffer the output may share (same layout), -1 if none; then no copy is needed.
    [[nodiscard]] virtual int in_place_input() const { return -1; }
    /// Name of the implementation, for profiles: "brg_conv:avx512_core_vnni", "ref".
    [[nodiscard]] virtual std::string implementation() const = 0;
    /// Buffers are 64-byte aligned and as large as the layouts say.
    virtual void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                         std::byte* scratch) = 0;
};

/// Packed weights, shared by all sessions of a process: key = content hash of the weights + wanted layout.
class WeightCache {
public:
    virtual ~WeightCache() = default;
    [[nodiscard]] virtual std::size_t bytes() const = 0;
    [[nodiscard]] virtual std::size_t entries() const = 0;

    /// What a kernel of ours has packed, and the bytes that it takes.
    struct Packed {
        std::shared_ptr<const void> object;
        std::size_t bytes = 0;
    };
    /// Returns what `pack` makes of the sources. It is called only if no equal sources were packed in this form, or if
    /// that result was dropped to make room. Thread-safe.
    [[nodiscard]] virtual std::shared_ptr<const void> get(const std::vector<Tensor>& sources, const std::string& form,
                                                          const std::function<Packed()>& pack) = 0;
};
using WeightHash = std::uint64_t (*)(std::span<const std::byte>);
/// @param hash  by which equal weights are looked for before they are compared; null: hash_bytes. Tests give one that
/// makes all hashes equal
[[nodiscard]] std::unique_ptr<WeightCache> make_weight_cache(WeightHash hash = nullptr);

struct BuildContext {
    WeightCache* weights = nullptr;  ///< may be null: pack without caching
    std::vector<Layout> available;   ///< layout in which each data input is at hand; a hint
};

/// Returns what `pack` makes of the sources, by way of the cache if there is one. @param bytes_of  of the result
template <class Pack, class BytesOf>
[[nodiscard]] auto shared_pack(WeightCache* cache, const std::vector<Tensor>& sources, const std::string& form,
                               const Pack& pack, const BytesOf& bytes_of) {
    using Object = decltype(pack());
    const auto make = [&] { return std::make_shared<const Object>(pack()); };
    if (cache == nullptr) return make();
    return std::static_pointer_cast<const Object>(cache->get(sources, form, [&]() -> WeightCache::Packed {
        const auto object = make();
        return {object, bytes_of(*object)};
    }));
}

class Op {
public:
    virtual ~Op() = default;
    [[nodiscard]] virtual Support supports(const KernelRequest& request) const = 0;
    /// Names of those that can run this step, the default first; empty where there is only one, which has no name.
    /// @pre supports(request)
    [[nodiscard]] virtual std::vector<std::string> implementations(const KernelRequest& request) const;
    /// Returns whether a NaN, read or made on the way, may come out of the kernel as a number, or an infinity as
    /// another value than the function has there. A session then looks for such values before the step
    /// (exec/nan_guard).
    /// @pre supports(request)
    [[nodiscard]] virtual bool loses_nan(const KernelRequest& /*request*/) const { return false; }
    /// @pre supports(request). @throws InternalError
    [[nodiscard]] virtual std::unique_ptr<Primitive> build(const KernelRequest& request,
                                                           const BuildContext& context) const = 0;
};

}  // namespace halftone
