#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/config_text.hpp"

namespace halftone {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kGolden = HALFTONE_TEST_DATA "/data";

std::string file_text(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

std::string big_endian(std::uint32_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
    return bytes;
}

/// A folder with a t10k split of 2 images of 2 x 2 pixels, for a test to damage.
class IdxFiles : public ::testing::Test {
protected:
    void SetUp() override {
        const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
        folder_ = ::testing::TempDir() + "halftone_idx_" + test->name();
        std::filesystem::create_directories(folder_);
        write(kImages, images_);
        write(kLabels, labels_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    void write(const std::string& name, const std::string& bytes) const {
        std::ofstream(folder_ + "/" + name, std::ios::binary) << bytes;
    }
    [[nodiscard]] std::unique_ptr<Dataset> open() const { return make_dataset("MNIST", section("root: " + folder_)); }
    [[nodiscard]] std::string refusal() const {
        return message_of<DataError>([&] { (void)open(); });
    }

    static constexpr const char* kImages = "t10k-images-idx3-ubyte";
    static constexpr const char* kLabels = "t10k-labels-idx1-ubyte";
    std::string folder_;
    std::string images_ = big_endian(0x803) + big_endian(2) + big_endian(2) + big_endian(2) + "abcdefgh";
    std::string labels_ = big_endian(0x801) + big_endian(2) + "\x07\x02";
};

TEST(FashionMnist, ReadsTheGzipTestSplitByDefault) {
    const auto dataset = make_dataset("FashionMNIST", section("root: " + kGolden));
    EXPECT_EQ(dataset->size(), 4);
    EXPECT_EQ(dataset->schema().inputs[0].type, (TensorType{DType::u8, Shape{3, 4, 1}}));
    const Sample sample = dataset->read(3);
    EXPECT_EQ(label_of(sample), 9);
    const auto pixels = first_input(sample).as<std::uint8_t>();
    for (std::size_t i = 0; i < pixels.size(); ++i) {
        EXPECT_EQ(pixels[i], 150 + i / 4 * 10 + i % 4) << "pixel " << i;
    }
}

TEST(FashionMnist, ReadsThePlainTrainingSplitWithMnistsNames) {
    const auto dataset = make_dataset("FashionMNIST", section("{root: " + kGolden + ", train: true, download: true}"));
    EXPECT_EQ(dataset->size(), 3);
    EXPECT_EQ(label_of(dataset->read(2)), 6);
    EXPECT_EQ(first_input(dataset->read(2)).as<std::uint8_t>()[5], 111);
}

TEST(FashionMnist, ARelativeRootIsRelativeToTheConfigFile) {
    const ConfigNode node = parse_yaml("root: data", HALFTONE_TEST_DATA "/config.yaml");
    EXPECT_EQ(make_dataset("FashionMNIST", node)->size(), 4);
}

TEST(FashionMnist, RefusesUnknownKeysAndAMissingRoot) {
    EXPECT_THAT(message_of<ConfigError>([] { (void)make_dataset("FashionMNIST", section("{root: a, trian: true}")); }),
                HasSubstr("train"));
    EXPECT_THAT(message_of<ConfigError>([] { (void)make_dataset("FashionMNIST", section("train: true")); }),
                HasSubstr("root"));
}

TEST(Datasets, AnUnknownNameIsAConfigErrorThatListsWhatIsThere) {
    EXPECT_THAT(message_of<ConfigError>([] { (void)make_dataset("CIFAR1000", section("")); }),
                HasSubstr("available: CIFAR10 CIFAR100 COCONpy"));
}

TEST_F(IdxFiles, AreReadAsTheyAre) {
    const auto dataset = open();
    EXPECT_EQ(dataset->size(), 2);
    EXPECT_EQ(first_input(dataset->read(1)).as<std::uint8_t>()[0], 'e');
    EXPECT_EQ(label_of(dataset->read(0)), 7);
    EXPECT_THROW((void)dataset->read(2), InternalError);
    EXPECT_THROW((void)dataset->read(-1), InternalError);
}

TEST_F(IdxFiles, TheContentHashSeesPixelsAndLabels) {
    const std::uint64_t hash = open()->content_hash();
    EXPECT_EQ(open()->content_hash(), hash);
    images_.back() = 'x';
    write(kImages, images_);
    EXPECT_NE(open()->content_hash(), hash);
    images_.back() = 'h';
    write(kImages, images_);
    labels_.back() = 3;
    write(kLabels, labels_);
    EXPECT_NE(open()->content_hash(), hash);
}

TEST_F(IdxFiles, AMissingFolderOrFileIsNamedWithWhatIsExpected) {
    std::filesystem::remove(folder_ + "/" + kImages);
    EXPECT_THAT(refusal(), HasSubstr(folder_ + "/t10k-images-idx3-ubyte does not exist"));
    EXPECT_THAT(refusal(), HasSubstr("t10k-images.idx3-ubyte.gz"));
    EXPECT_THAT(refusal(), Not(HasSubstr("t10k-labels")));
    std::filesystem::remove(folder_ + "/" + kLabels);
    EXPECT_THAT(refusal(), HasSubstr("/t10k-images-idx3-ubyte does not exist")) << "both are named";
    EXPECT_THAT(refusal(), HasSubstr("/t10k-labels-idx1-ubyte does not exist"));
    std::filesystem::remove_all(folder_);
    EXPECT_THAT(refusal(), HasSubstr("the folder " + folder_ + " does not exist"));
}

TEST_F(IdxFiles, AWrongMagicNumberIsRefused) {
    write(kImages, labels_);
    EXPECT_THAT(refusal(), HasSubstr("its magic number is 0x00000801, not 0x00000803"));
}

TEST_F(IdxFiles, TruncatedAndTooLongFilesAreRefused) {
    for (std::size_t size = 0; size < images_.size(); ++size) {
        write(kImages, images_.substr(0, size));
        EXPECT_THAT(refusal(), HasSubstr("truncated")) << size;
    }
    write(kImages, images_ + "i");
    EXPECT_THAT(refusal(), HasSubstr("trailing bytes: its IDX header promises 24 bytes, it has 25"));
}

TEST_F(IdxFiles, AHeaderThatPromisesTooMuchIsRefusedWithoutReadingIt) {
    write(kImages, big_endian(0x803) + big_endian(0xffffffff) + big_endian(0xffffffff) + big_endian(0xffffffff));
    EXPECT_THAT(refusal(), HasSubstr("sizes are too large"));
}

// 31 bytes of gzip whose content says that it has 2^60 bytes: nothing is decompressed to find out.
TEST_F(IdxFiles, AGzipFileThatPromisesMoreThanItCanHoldIsRefused) {
    const std::string header =
        big_endian(0x803) + big_endian(1U << 20U) + big_endian(1U << 20U) + big_endian(1U << 20U);
    // Stored without compression (RFC 1951, 3.2.4) in one gzip member (RFC 1952); its checksum is cut off.
    const std::string member =
        std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03\x01", 11) + std::string("\x10\0\xef\xff", 4) + header;
    write(kImages, member);
    EXPECT_THAT(refusal(), HasSubstr("truncated: its IDX header promises 1152921504606846992 bytes, which 31 bytes of "
                                     "gzip cannot hold"));
}

TEST_F(IdxFiles, ADamagedOrTruncatedGzipFileIsRefused) {
    const std::string good = file_text(kGolden + "/t10k-images-idx3-ubyte.gz");
    for (std::size_t size = 2; size < good.size(); ++size) {
        write(kImages, good.substr(0, size));
        EXPECT_THAT(refusal(), HasSubstr("truncated")) << size;
    }
    std::string damaged = good;
    damaged[good.size() - 6] = static_cast<char>(damaged[good.size() - 6] ^ 1);  // in the checksum
    write(kImages, damaged);
    EXPECT_THAT(refusal(), HasSubstr("damaged"));
}

TEST_F(IdxFiles, DifferentCountsOfImagesAndLabelsAreRefused) {
    write(kLabels, big_endian(0x801) + big_endian(1) + "\x07");
    EXPECT_THAT(refusal(), HasSubstr("holds 2 images, but"));
}

TEST_F(IdxFiles, NoImagesAtAllAreRefused) {
    write(kImages, big_endian(0x803) + big_endian(0) + big_endian(28) + big_endian(28));
    write(kLabels, big_endian(0x801) + big_endian(0));
    EXPECT_THAT(refusal(), HasSubstr("holds no images"));
}

}  // namespace
}  // namespace halftone
