// What candidates share: packed weights. Scales are run-time arguments, so other scales need no other packing.
#include <thread>

#include "base/hash.hpp"
#include "kernel/dnnl/lib/weights.hpp"
#include "kernel/ops/machine.hpp"
#include "support/memory_limit.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

void fill(KernelCase& c, float input_scale, float weight_scale, std::int32_t zero_point, std::uint64_t weight_seed) {
    c.input(random_codes(DType::u8, {2, 16, 6, 6}, 1), per_tensor(DType::u8, input_scale, zero_point));
    c.weights(random_codes(DType::s8, {16, 16, 3, 3}, weight_seed), {}, per_tensor(DType::s8, weight_scale, 0))
        .output();
}

class WeightReuse : public testing::Test {
protected:
    void SetUp() override {
        if (!has_exact_int8()) GTEST_SKIP() << "no VNNI";
    }
    std::unique_ptr<Primitive> cached(const KernelCase& c) {
        return build(Backend::dnnl, c.request, {.weights = cache_.get(), .available = {}});
    }
    std::unique_ptr<WeightCache> cache_ = make_weight_cache();
};

TEST_F(WeightReuse, OtherScalesShareTheEntry) {
    KernelCase first("Conv", {}, 2);
    KernelCase second("Conv", {}, 2);
    fill(first, 0.1F, 0.01F, 0, 7);
    fill(second, 0.2F, 0.03F, 0, 7);
    const auto a = cached(first);
    const std::size_t bytes = cache_->bytes();
    const auto b = cached(second);
    EXPECT_EQ(cache_->entries(), 1U);
    EXPECT_EQ(cache_->bytes(), bytes);
    EXPECT_GE(bytes, 16U * 16U * 9U);
    EXPECT_LE(relative_error(run(*a, first.data), run(Backend::ref, first)), 1e-6);
    EXPECT_LE(relative_error(run(*b, second.data), run(Backend::ref, second)), 1e-6);
}

TEST_F(WeightReuse, OtherCodesAndOtherPackingsAreOtherEntries) {
    KernelCase first("Conv", {}, 2);
    KernelCase other_codes("Conv", {}, 2);
    KernelCase with_zero_point("Conv", {}, 2);  // its packing holds the compensation of the zero point
    fill(first, 0.1F, 0.01F, 0, 7);
    fill(other_codes, 0.1F, 0.01F, 0, 8);
    fill(with_zero_point, 0.1F, 0.01F, 5, 7);
    for (const KernelCase* c : {&first, &other_codes, &with_zero_point}) {
        EXPECT_LE(relative_error(run(*cached(*c), c->data), run(Backend::ref, *c)), 1e-6);
    }
    EXPECT_EQ(cache_->entries(), 3U);
}

TEST(PackedWeightsCache, WeightsWithOneHashAreCompared) {
    const auto cache = make_weight_cache([](std::span<const std::byte>) { return std::uint64_t{7}; });
    for (const std::uint64_t seed : {1U, 2U, 1U}) {
        KernelCase c("Gemm", {}, 2);
        c.input(random_reals({3, 8}, -1, 1, 1)).weights(random_reals({8, 8}, -1, 1, seed)).output();
        const auto built = build(Backend::dnnl, c.request, {.weights = cache.get(), .available = {}});
        EXPECT_LE(relative_error(run(*built, c.data), run(Backend::ref, c)), 1e-6);
    }
    EXPECT_EQ(cache->entries(), 2U);
}

TEST(PackedWeightsCache, ContentsAreHashedOnlyForBuffersThatAreNew) {
    static std::int64_t hashed_weights = 0;  // a hash is a function, which holds nothing
    onednn::PackedWeights cache(std::size_t{1} << 20U, [](std::span<const std::byte> bytes) {
        ++hashed_weights;
        return hash_bytes(bytes);
    });
    const auto f32 = [](dnnl::memory::format_tag tag) {
        return dnnl::memory::desc({8, 8}, dnnl::memory::data_type::f32, tag);
    };
    std::vector<Tensor> weights;
    for (std::uint64_t seed = 0; seed < 20; ++seed) weights.push_back(random_reals({8, 8}, -1, 1, seed));
    const auto packed = [&](const Tensor& weight) {
        const onednn::SharedWeight found =
            cache.get(weight, f32(dnnl::memory::format_tag::ab), f32(dnnl::memory::format_tag::ba));
        return static_cast<const float*>(found->memory.get_data_handle())[1];
    };
    for (int round = 0; round < 3; ++round) {
        for (const Tensor& weight : weights) EXPECT_EQ(packed(weight), weight.as<float>()[8]) << "transposed";
    }
    EXPECT_EQ(hashed_weights, 20);
    EXPECT_EQ(packed(weights[3].clone()), weights[3].as<float>()[8]);
    EXPECT_EQ(hashed_weights, 21);
    EXPECT_EQ(cache.entries(), 20U) << "equal contents in another buffer";
}

/// Weights of 8 x 8 numbers in a cache that takes `room` of them.
struct SmallCache {
    dnnl::memory::desc desc{{8, 8}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::ab};
    std::vector<Tensor> weights;
    onednn::PackedWeights cache;

    explicit SmallCache(std::size_t room)
        : cache(room * desc.get_size(), [](std::span<const std::byte>) { return std::uint64_t{7}; }) {
        for (std::uint64_t seed = 0; seed < 6; ++seed) weights.push_back(random_reals({8, 8}, -1, 1, seed));
    }
    onednn::SharedWeight get(std::size_t i) { return cache.get(weights[i], desc, desc); }
    /// Where the weight lies after it was asked for, if nobody uses it then.
    const void* address(std::size_t i) { return get(i)->memory.get_data_handle(); }
};

TEST(PackedWeightsCache, TheOldestEntriesLeave) {
    SmallCache small(3);
    const void* first = small.address(0);
    const std::weak_ptr<const onednn::PackedWeight> second = small.get(1);
    static_cast<void>(small.address(2));
    EXPECT_EQ(small.address(0), first) << "used again, so that 1 is the oldest now";
    static_cast<void>(small.address(3));
    EXPECT_EQ(small.cache.entries(), 3U);
    EXPECT_EQ(small.cache.bytes(), 3 * small.desc.get_size());
    EXPECT_EQ(small.address(0), first);
    EXPECT_TRUE(second.expired());
}

TEST(PackedWeightsCache, WhatAStepUsesStaysAndIsShared) {
    SmallCache small(2);
    std::vector<onednn::SharedWeight> used;
    for (std::size_t i = 0; i < 4; ++i) used.push_back(small.get(i));
    EXPECT_EQ(small.cache.entries(), 4U) << "nothing would be gained by leaving";
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(small.get(i), used[i]);
    used.clear();
    for (const std::size_t i : {4U, 5U}) static_cast<void>(small.get(i));
    EXPECT_EQ(small.cache.entries(), 2U) << "nobody uses the others any more";
    EXPECT_EQ(small.cache.bytes(), 2 * small.desc.get_size());
}

TEST(PackedWeightsCache, TheBudgetOfTheProcessCountsThem) {
    SmallCache small(1000);
    const std::uint64_t before = process_budget().bytes_in_use();
    const onednn::SharedWeight used = small.get(0);
    EXPECT_EQ(process_budget().bytes_in_use(), before + small.desc.get_size());
    static_cast<void>(small.get(1));
    {
        // No room for another one: what nobody uses leaves for it, and what a step uses stays where it is.
        const MemoryLimit limit(small.desc.get_size() - 1);
        static_cast<void>(small.get(2));
        EXPECT_EQ(process_budget().bytes_in_use(), before + 2 * small.desc.get_size());
        EXPECT_EQ(small.get(0), used);
    }
    {
        static_cast<void>(small.get(1));
        const MemoryLimit limit(0);
        const Tensor other({DType::f32, Shape{8, 8}});
        EXPECT_EQ(process_budget().bytes_in_use(), before + 2 * small.desc.get_size()) << "also for anything else";
    }
    const onednn::SharedWeight third = small.get(2);
    const MemoryLimit limit(small.desc.get_size() - 1);
    EXPECT_THROW(static_cast<void>(small.get(3)), BudgetError);
    EXPECT_EQ(small.get(2), third);
}

TEST(PackedWeightsCache, AQuarterOfTheProcesssMemoryIsTheMostThatNobodyUses) {
    SmallCache small(1000);
    const MemoryLimit limit(6 * small.desc.get_size());  // beside the six weights: a quarter is about three
    for (std::size_t i = 0; i < 6; ++i) static_cast<void>(small.get(i));
    EXPECT_LE(small.cache.bytes(), process_budget().byte_limit() / 4);
    EXPECT_LT(small.cache.entries(), 6U);
}

TEST(PackedWeightsCache, StepsWithoutACacheCountTheirWeights) {
    KernelCase c("Gemm", {}, 2);
    c.input(random_reals({3, 64}, -1, 1, 1)).weights(random_reals({64, 64}, -1, 1, 2)).output();
    const std::uint64_t before = process_budget().bytes_in_use();
    {
        const auto built = build(Backend::dnnl, c.request, {});
        EXPECT_GE(process_budget().bytes_in_use(), before + 64 * 64 * sizeof(float));
    }
    EXPECT_EQ(process_budget().bytes_in_use(), before);
    const MemoryLimit limit(1000);
    EXPECT_THROW(static_cast<void>(build(Backend::dnnl, c.request, {})), BudgetError);
}

TEST_F(WeightReuse, SameBytesInAnotherOrderAreAnotherEntry) {
    for (const std::int64_t transposed : {0, 1}) {
        KernelCase c("Gemm", {{"transB", transposed}}, 2);
        c.input(random_reals({3, 8}, -1, 1, 1)).weights(random_reals({8, 8}, -1, 1, 2)).output();
        EXPECT_LE(relative_error(run(*cached(c), c.data), run(Backend::ref, c)), 1e-6);
    }
    EXPECT_EQ(cache_->entries(), 2U);
}

TEST_F(WeightReuse, IsSafeFromSeveralThreads) {
    std::vector<std::thread> threads;
    std::vector<double> errors(4, 1.0);
    for (std::size_t t = 0; t < errors.size(); ++t) {
        threads.emplace_back([&, t] {
            KernelCase c("Conv", {}, 2);
            fill(c, 0.1F, 0.01F, 0, 7 + t % 2);
            errors[t] = relative_error(run(*cached(c), c.data), run(Backend::ref, c));
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (const double error : errors) EXPECT_LE(error, 1e-6);
    EXPECT_EQ(cache_->entries(), 2U);
}

}  // namespace
}  // namespace halftone::test
