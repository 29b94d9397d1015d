// Ids of words against the tables of a model.
#include "eval/index_limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "eval/sample_source.hpp"
#include "support/config_text.hpp"
#include "support/graph_helpers.hpp"
#include "support/temporary_folder.hpp"
#include "tensor/npy.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::HasSubstr;

/// Words index two tables, one of them behind a Cast; positions none; a mask is computed with.
Graph word_graph() {
    GraphMaker g;
    const ValueId mask = g.input("mask", {kSymbolic, 3});
    const ValueId ids = g.input("ids", {kSymbolic, 3}, DType::s64);
    const ValueId large = g.constant("large", random_tensor({9, 2}, 1));
    const ValueId small = g.constant("small", random_tensor({7, 2}, 2));
    const ValueId words = g.node("Gather", "words", {large, ids});
    const ValueId as_int32 = g.node("Cast", "cast", {ids}, {{"to", std::int64_t{6}}});
    const ValueId types = g.node("Gather", "types", {small, as_int32});
    const ValueId of_mask = g.node("Gather", "of_mask", {mask, ids});
    return g.build({words, types, of_mask});
}

TEST(IndexLimits, TheSmallestTableOfAnInputCounts) {
    const std::vector<IndexLimit> limits = index_limits(word_graph());
    ASSERT_EQ(limits.size(), 2U);
    EXPECT_EQ(limits[0].rows, 0) << "a mask numbers no rows";
    EXPECT_EQ(limits[1].input, "ids");
    EXPECT_EQ(limits[1].rows, 7);
    EXPECT_EQ(limits[1].node, "types");
}

// On the program's stack such a chain was a segmentation fault.
TEST(IndexLimits, AChainOf100000ReshapesIsFollowedToItsTable) {
    test::GraphMaker g;
    ValueId ids = g.input("ids", {4}, DType::s64);
    for (int i = 0; i < 100'000; ++i) ids = g.node("Flatten", "f" + std::to_string(i), {ids});
    const ValueId table = g.constant("table", test::random_tensor({7, 2}, 1));
    // As an import would type it: the table's rows are all that is looked at.
    const std::vector<IndexLimit> limits = index_limits(g.build({g.node("Gather", "rows", {table, ids})}));
    ASSERT_EQ(limits.size(), 1U);
    EXPECT_EQ(limits[0].rows, 7);
    EXPECT_EQ(limits[0].node, "rows");
}

TEST(IndexLimits, ATableThatIsReadAlongAnotherAxisIsNone) {
    GraphMaker g;
    const ValueId ids = g.input("ids", {3}, DType::s64);
    const ValueId table = g.constant("table", random_tensor({2, 9}, 1));
    const Graph graph = g.build({g.node("Gather", "columns", {table, ids}, {{"axis", std::int64_t{1}}})});
    EXPECT_EQ(index_limits(graph).at(0).rows, 0);
}

/// Two samples of words and their masks, in .npy files; the second one names the row `last`.
struct WordFiles {
    explicit WordFiles(std::int64_t last) {
        write("mask.npy", floats({2, 3}, {1, 1, 1, 1, 1, 1}));
        const std::vector<std::int64_t> ids{0, 6, -7, 1, last, 2};
        write("ids.npy", Tensor::of<std::int64_t>(Shape{2, 3}, ids));
    }
    [[nodiscard]] DataloaderConfig loader() const {
        DataloaderConfig config;
        config.dataset = {"Numpy", parse_yaml("inputs: {mask: mask.npy, ids: ids.npy}", folder / "config.yaml")};
        return config;
    }
    void write(const std::string& name, const Tensor& values) const {
        std::ofstream(folder / name, std::ios::binary) << to_npy(values.view());
    }
    TemporaryFolder folder;
};

TEST(IndexLimits, AnIdOutsideOfTheTableIsRefusedWithFileAndRecord) {
    for (const std::int64_t id : {std::int64_t{7}, std::int64_t{-8}, INT64_MAX}) {
        const WordFiles files(id);
        const Pipeline data(files.loader());
        const std::vector<IndexLimit> limits = index_limits(word_graph());
        EXPECT_NO_THROW(check_indices(data.read(0), {0, 1}, limits, data));
        EXPECT_THAT(message_of<DataError>([&] {
                        check_indices(data.read(1), {0, 1}, limits, data);
                    }),
                    HasSubstr("ids.npy: record 1: the input 'ids' holds " + std::to_string(id) +
                              ", but the table that the model's node 'types' reads has 7 rows"));
    }
}

TEST(IndexLimits, ASourceRefusesOrSkipsSuchASample) {
    const WordFiles files(7);
    DataloaderConfig loader = files.loader();
    for (const bool skips : {false, true}) {
        loader.skips_bad_samples = skips;
        const Pipeline data(loader);
        SampleSource source(data, {.samples = 2, .batch = 2, .index_limits = index_limits(word_graph())});
        Tensor mask({DType::f32, Shape{2, 3}});
        Tensor ids({DType::s64, Shape{2, 3}});
        const std::vector<MutableView> inputs{mask.mutable_view(), ids.mutable_view()};
        std::int64_t rows = 0;
        const auto read = [&] {
            source.for_each_batch({0, 2}, inputs, Caching::keep, [&](const SampleBatch& batch) { rows += batch.rows; });
        };
        if (!skips) {
            EXPECT_THROW(read(), DataError);
            continue;
        }
        read();
        EXPECT_EQ(rows, 1);
        EXPECT_EQ(source.skipped(), 1);
    }
}

}  // namespace
}  // namespace halftone
