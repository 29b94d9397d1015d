#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "support/config_text.hpp"
#include "support/temporary_folder.hpp"

namespace halftone {
namespace {

using ::testing::HasSubstr;

DataloaderConfig golden_loader(std::vector<PluginConfig> transforms) {
    DataloaderConfig config;
    config.dataset = plugin("FashionMNIST", "root: " HALFTONE_TEST_DATA "/data");
    config.transforms = std::move(transforms);
    return config;
}

std::uint64_t hash_of(std::vector<PluginConfig> transforms) {
    return Pipeline(golden_loader(std::move(transforms))).identity_hash();
}

TEST(Pipeline, AppliesTheTransformsInOrder) {
    const Pipeline pipeline(golden_loader({plugin("Rescale"), plugin("Transpose", "perm: [2, 0, 1]")}));
    EXPECT_EQ(pipeline.size(), 4);
    EXPECT_EQ(pipeline.schema().inputs[0].type, (TensorType{DType::f32, Shape{1, 3, 4}}));
    const Sample first = pipeline.read(1);
    EXPECT_EQ(label_of(first), 3);
    EXPECT_EQ(first_input(first).as<float>()[5], 61.0F / 255.0F);
    const Sample second = pipeline.read(2);
    EXPECT_EQ(label_of(second), 6);
    EXPECT_EQ(first_input(second).as<float>()[0], 100.0F / 255.0F);
}

TEST(Pipeline, WithoutTransformsGivesThePixelsAsTheyAre) {
    const Pipeline pipeline(golden_loader({}));
    EXPECT_EQ(to_text(pipeline.schema().inputs), "image uint8 [3,4,1]");
    EXPECT_EQ(to_text(pipeline.schema().targets), "label int64 []");
    EXPECT_EQ(first_input(pipeline.read(2)).as<std::uint8_t>()[11], 123);
}

TEST(Pipeline, ChangesTheInputThatATransformNames) {
    const Pipeline pipeline(golden_loader({plugin("Rescale", "input: image")}));
    EXPECT_EQ(to_text(pipeline.schema().inputs), "image fp32 [3,4,1]");
    EXPECT_THAT(message_of<ConfigError>([] { const Pipeline bad(golden_loader({plugin("Rescale", "input: mask")})); }),
                HasSubstr("the samples have no input 'mask'; they have image uint8 [3,4,1]"));
}

TEST(Pipeline, RefusesToReadBeyondTheData) {
    const Pipeline pipeline(golden_loader({}));
    EXPECT_THROW((void)pipeline.read(4), InternalError);
    EXPECT_THROW((void)pipeline.read(-1), InternalError);
}

TEST(Pipeline, ATransformThatDoesNotFitIsAConfigErrorWithBothShapes) {
    const auto message = message_of<ConfigError>([] {
        const Pipeline pipeline(golden_loader({plugin("Rescale"), plugin("Transpose", "perm: [1, 0]")}));
    });
    EXPECT_THAT(message, HasSubstr("config.yaml:1"));
    EXPECT_THAT(message, HasSubstr("perm [1,0] does not fit the input [3,4,1]"));
}

TEST(Pipeline, TheIdentityIsOfDataAndTransforms) {
    const std::uint64_t hash = hash_of({plugin("Normalize", "mean: 0.5")});
    EXPECT_EQ(hash_of({plugin("Normalize", "mean: 0.5")}), hash);
    EXPECT_NE(hash_of({plugin("Normalize", "mean: 0.25")}), hash);
    EXPECT_NE(hash_of({plugin("Normalize", "mean: 0.5"), plugin("ToArray")}), hash);
    EXPECT_NE(hash_of({}), hash);
}

TEST(Pipeline, TransformsMeanWhatTheFrameworkMeans) {
    const auto loader = [](const std::string& framework) {
        DataloaderConfig config = golden_loader({plugin("Resize", "size: 6")});
        config.framework = framework;
        return config;
    };
    const Pipeline usual(golden_loader({plugin("Resize", "size: 6")}));
    EXPECT_EQ(to_text(usual.schema().inputs), "image uint8 [6,6,1]");
    EXPECT_EQ(to_text(Pipeline(loader("tensorflow")).schema().inputs), "image fp32 [6,6,1]");
    EXPECT_EQ(to_text(Pipeline(loader("pytorch_fx")).schema().inputs), "image uint8 [6,8,1]") << "the shorter side";
    EXPECT_EQ(Pipeline(loader("onnxrt_integerops")).identity_hash(), usual.identity_hash());
    EXPECT_NE(Pipeline(loader("tensorflow")).identity_hash(), usual.identity_hash());
}

/// The first golden pictures, of 21 x 34 pixels, in a folder of one class.
DataloaderConfig picture_loader(const TemporaryFolder& folder, const std::string& collate) {
    std::filesystem::create_directories(folder / "a");
    std::filesystem::copy_file(HALFTONE_TEST_DATA "/data/pictures/rgb.png", folder / "a/x.png");
    DataloaderConfig config;
    config.dataset = plugin("ImageFolder", "root: " + folder.path());
    config.collate = section(collate);
    return config;
}

TEST(Pipeline, AClassFolderOfPyTorchHasColoursOnly) {
    const TemporaryFolder folder;
    std::filesystem::create_directories(folder / "a");
    std::filesystem::copy_file(HALFTONE_TEST_DATA "/data/pictures/grey.jpg", folder / "a/x.jpg");
    DataloaderConfig config;
    config.dataset = plugin("ImageFolder", "root: " + folder.path());
    const auto shape_under = [&](const std::string& framework) {
        config.framework = framework;
        return first_input(Pipeline(config).read(0)).shape().to_text();
    };
    for (const char* framework : {"pytorch", "pytorch_fx", "mxnet"}) EXPECT_EQ(shape_under(framework), "[21,34,3]");
    for (const char* framework : {"tensorflow", "onnxrt_qlinearops"}) EXPECT_EQ(shape_under(framework), "[21,34,1]");
}

TEST(Pipeline, OnlyTensorFlowCutsFractions) {
    DataloaderConfig config = golden_loader({});
    EXPECT_FALSE(Pipeline(config).cuts_fractions());
    config.framework = "tensorflow_itex";
    EXPECT_TRUE(Pipeline(config).cuts_fractions());
}

TEST(Collate, PadsEverySizeThatIsOpenToTheLargest) {
    const TemporaryFolder folder;
    const Pipeline pipeline(picture_loader(folder, "{pad_to: {max: 40}, values: {image: 7}}"));
    EXPECT_EQ(to_text(pipeline.schema().inputs), "image uint8 [40,40,40]");
    const Sample sample = pipeline.read(0);
    const auto padded = first_input(sample).as<std::uint8_t>();
    const Sample plain = make_dataset("ImageFolder", section("root: " + folder.path()))->read(0);
    const auto pixels = first_input(plain).as<std::uint8_t>();
    for (std::size_t y = 0; y < 40; ++y) {
        for (std::size_t x = 0; x < 40; ++x) {
            for (std::size_t c = 0; c < 40; ++c) {
                const bool is_inside = y < 21 && x < 34 && c < 3;
                const std::uint8_t expected = is_inside ? pixels[(y * 34 + x) * 3 + c] : std::uint8_t{7};
                ASSERT_EQ(padded[(y * 40 + x) * 40 + c], expected) << y << " " << x << " " << c;
            }
        }
    }
}

TEST(Collate, RefusesLargerSamplesAndWhatItDoesNotKnow) {
    const TemporaryFolder folder;
    const auto read = [&](const std::string& collate) {
        std::filesystem::remove_all(folder / "a");
        (void)Pipeline(picture_loader(folder, collate)).read(0);
    };
    EXPECT_THAT(message_of<DataError>([&] { read("pad_to: {max: 30}"); }),
                HasSubstr("sample 0: 'image' has the shape [21,34,3], collate.pad_to allows 30"));
    for (const char* wrong : {"pad_to: shortest", "pad_to: {most: 3}", "pad_to: {max: 3, multiple: 2}", "values: {}"}) {
        EXPECT_THAT(message_of<ConfigError>([&] { read(wrong); }),
                    HasSubstr("must be longest, {multiple: N} or {max: N}"))
            << wrong;
    }
    EXPECT_THAT(message_of<ConfigError>([&] { read("{pad_to: {max: 40}, values: {mask: 1}}"); }),
                HasSubstr("no input 'mask'"));
}

TEST(Collate, PadsToTheNextMultipleOrNotAtAll) {
    const TemporaryFolder folder;
    const Pipeline multiple(picture_loader(folder, "{pad_to: {multiple: 32}}"));
    EXPECT_EQ(to_text(multiple.schema().inputs), "image uint8 [N,N,N]");
    EXPECT_EQ(first_input(multiple.read(0)).shape(), (Shape{32, 64, 32}));
    EXPECT_EQ(multiple.read(0).unpadded.at(0), (Shape{21, 34, 3}));
    std::filesystem::remove_all(folder / "a");
    const Pipeline longest(picture_loader(folder, "pad_to: longest"));
    EXPECT_EQ(first_input(longest.read(0)).shape(), (Shape{21, 34, 3}));
    EXPECT_TRUE(longest.read(0).unpadded.empty());
    EXPECT_NE(longest.identity_hash(), multiple.identity_hash());
}

TEST(Shards, CutTheSamplesWithoutGapOrOverlap) {
    for (const auto& [samples, shards] : {std::pair{10, 3}, {3, 10}, {20, 20}, {0, 4}, {9999, 20}}) {
        std::int64_t next = 0;
        for (std::int64_t shard = 0; shard < shards; ++shard) {
            const SampleRange range = shard_range(samples, shards, shard);
            EXPECT_EQ(range.first, next);
            EXPECT_EQ(range.last, (shard + 1) * samples / shards);
            next = range.last;
        }
        EXPECT_EQ(next, samples);
    }
}

TEST(Shards, CutHugeCountsWithoutOverflow) {
    EXPECT_EQ(shard_range(INT64_MAX, 1000, 999).last, INT64_MAX);
    EXPECT_THROW((void)shard_range(10, 3, 3), InternalError);
}

}  // namespace
}  // namespace halftone
