// Numpy: arrays as numpy.save and numpy.savez write them. The golden files are NumPy's own (golden/data/PROVENANCE).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "data/formats/zip_file.hpp"
#include "support/config_text.hpp"
#include "support/temporary_folder.hpp"
#include "tensor/npy.hpp"

namespace halftone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kArrays = HALFTONE_TEST_DATA "/data/numpy";

/// A folder for arrays, and the data set that a section of the config makes of them.
struct NumpyWorld {
    TemporaryFolder folder;

    template <class T>
    void save(const std::string& name, Shape shape, const std::vector<T>& values) const {
        write(name, to_npy(Tensor::of<T>(std::move(shape), values).view()));
    }
    void write(const std::string& name, const std::string& bytes) const {
        std::ofstream(folder / name, std::ios::binary) << bytes;
    }
    [[nodiscard]] std::unique_ptr<Dataset> open(const std::string& yaml) const {
        return make_dataset("Numpy", parse_yaml(yaml, folder / "config.yaml"));
    }
    [[nodiscard]] std::string refusal(const std::string& yaml) const {
        return message_of<DataError>([&] { (void)open(yaml); });
    }
};

std::string file_bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Numpy, FieldsHaveTheNamesAndTypesOfTheConfigAndItsArrays) {
    const NumpyWorld world;
    world.save<std::int64_t>("ids.npy", Shape{2, 3}, {1, 2, 3, 4, 5, 6});
    world.save<float>("mask.npy", Shape{2, 1}, {0.5F, 1.5F});
    world.save<std::int32_t>("labels.npy", Shape{2}, {7, 8});
    const auto dataset =
        world.open("{inputs: {input_ids: ids.npy, attention_mask: mask.npy}, targets: {topic: labels.npy}}");
    EXPECT_EQ(dataset->size(), 2);
    EXPECT_EQ(to_text(dataset->schema().inputs), "input_ids int64 [3], attention_mask fp32 [1]");
    EXPECT_EQ(to_text(dataset->schema().targets), "topic int32 []");
    const Sample sample = dataset->read(1);
    EXPECT_THAT(std::get<Tensor>(sample.inputs[0]).as<std::int64_t>(), ElementsAre(4, 5, 6));
    EXPECT_THAT(std::get<Tensor>(sample.inputs[1]).as<float>(), ElementsAre(1.5F));
    EXPECT_THAT(std::get<Tensor>(sample.targets[0]).as<std::int32_t>(), ElementsAre(8));
}

TEST(Numpy, RowsOfDifferentLengthsAreValuesWithOffsets) {
    const NumpyWorld world;
    world.save<float>("values.npy", Shape{5, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    world.save<std::int32_t>("begins.npy", Shape{4}, {0, 2, 2, 5});
    const auto dataset = world.open("inputs: {x: {values: values.npy, offsets: begins.npy}}");
    EXPECT_EQ(dataset->size(), 3);
    EXPECT_EQ(to_text(dataset->schema().inputs), "x fp32 [N,2]");
    EXPECT_THAT(first_input(dataset->read(0)).as<float>(), ElementsAre(0, 1, 2, 3));
    EXPECT_EQ(first_input(dataset->read(1)).shape(), (Shape{0, 2}));
    EXPECT_EQ(first_input(dataset->read(2)).shape(), (Shape{3, 2}));
    EXPECT_THAT(first_input(dataset->read(2)).as<float>(), ElementsAre(4, 5, 6, 7, 8, 9));
    EXPECT_THAT(dataset->place(2), HasSubstr("values.npy: record 2"));
}

TEST(Numpy, OffsetsThatAreNoRisingRowNumbersAreRefused) {
    const NumpyWorld world;
    world.save<float>("values.npy", Shape{5}, {0, 1, 2, 3, 4});
    const std::string yaml = "inputs: {x: {values: values.npy, offsets: begins.npy}}";
    for (const std::vector<std::int64_t>& begins : {std::vector<std::int64_t>{0, 3, 2}, {0, 6}, {-1, 4}}) {
        world.save<std::int64_t>("begins.npy", Shape{static_cast<std::int64_t>(begins.size())}, begins);
        EXPECT_THAT(world.refusal(yaml), HasSubstr("offsets must rise from 0 to at most 5"));
    }
    world.save<float>("begins.npy", Shape{2}, {0, 5});
    EXPECT_THAT(world.refusal(yaml), HasSubstr("begins.npy: must be a list of integers"));
    EXPECT_THAT(message_of<ConfigError>([&] { (void)world.open("inputs: {x: {values: values.npy}}"); }),
                HasSubstr("offsets"));
}

TEST(Numpy, ZerosAtTheEndOfAMaskArePaddingOfAllFieldsOfItsLength) {
    const NumpyWorld world;
    world.save<std::int64_t>("ids.npy", Shape{2, 4}, {7, 8, 9, 0, 5, 0, 0, 0});
    world.save<std::int64_t>("mask.npy", Shape{2, 4}, {1, 0, 1, 0, 0, 0, 0, 0});
    world.save<float>("table.npy", Shape{2, 3}, {1, 2, 3, 4, 5, 6});
    world.save<std::int64_t>("tags.npy", Shape{2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
    const std::string fields = "inputs: {ids: ids.npy, mask: mask.npy, table: table.npy}, targets: {tags: tags.npy}";
    const auto dataset = world.open("{" + fields + ", mask: mask}");
    EXPECT_EQ(to_text(dataset->schema().inputs), "ids int64 [N], mask int64 [N], table fp32 [3]");
    EXPECT_EQ(to_text(dataset->schema().targets), "tags int64 [N]");
    EXPECT_THAT(first_input(dataset->read(0)).as<std::int64_t>(), ElementsAre(7, 8, 9));
    EXPECT_THAT(std::get<Tensor>(dataset->read(0).targets[0]).as<std::int64_t>(), ElementsAre(1, 2, 3));
    EXPECT_THAT(first_input(dataset->read(1)).as<std::int64_t>(), ElementsAre(5)) << "one entry stays";
    EXPECT_NE(dataset->content_hash(), world.open("{" + fields + "}")->content_hash());
    EXPECT_THAT(message_of<ConfigError>([&] { (void)world.open("{" + fields + ", mask: tags}"); }),
                HasSubstr("must be the name of one of the inputs"));
}

TEST(Numpy, NeedsNoTargets) {
    const NumpyWorld world;
    world.save<float>("x.npy", Shape{2, 1}, {1, 2});
    EXPECT_TRUE(world.open("inputs: {x: x.npy}")->schema().targets.empty());
}

TEST(Numpy, ReadsStoredAndPackedArchivesOfNumPy) {
    for (const char* file : {"stored.npz", "packed.npz"}) {
        const auto dataset = make_dataset(
            "Numpy", section("{file: " + kArrays + "/" + file + ", inputs: {image: x}, targets: {label: y}}"));
        ASSERT_EQ(dataset->size(), 3) << file;
        EXPECT_EQ(to_text(dataset->schema().inputs), "image fp32 [2,2]") << file;
        const Sample sample = dataset->read(2);
        EXPECT_THAT(first_input(sample).as<float>(), ElementsAre(4, 4.5F, 5, 5.5F)) << file;
        EXPECT_EQ(label_of(sample), 30) << file;
    }
}

TEST(Numpy, ReadsHalfPrecisionAndSmallIntegers) {
    const auto dataset =
        make_dataset("Numpy", section("{inputs: {h: " + kArrays + "/half.npy, s: " + kArrays + "/short.npy}}"));
    EXPECT_EQ(to_text(dataset->schema().inputs), "h fp16 [2], s uint16 []");
    EXPECT_EQ(std::get<Tensor>(dataset->read(1).inputs[1]).as<std::uint16_t>()[0], 65535);
}

TEST(Numpy, ArraysOfDifferentLengthsAreRefusedWithBothFiles) {
    const NumpyWorld world;
    world.save<float>("x.npy", Shape{3, 1}, {1, 2, 3});
    world.save<std::int64_t>("y.npy", Shape{2}, {1, 2});
    const std::string message = world.refusal("{inputs: {x: x.npy}, targets: {y: y.npy}}");
    EXPECT_EQ(message, world.folder / "x.npy" + " holds 3 samples, but " + (world.folder / "y.npy") + " holds 2");
}

TEST(Numpy, ANaNInATargetIsRefusedWithFileAndRecord) {
    const NumpyWorld world;
    world.save<float>("x.npy", Shape{2, 1}, {1, 2});
    world.save<float>("y.npy", Shape{2, 1}, {1, std::numeric_limits<float>::quiet_NaN()});
    const auto dataset = world.open("{inputs: {x: x.npy}, targets: {y: y.npy}}");
    EXPECT_NO_THROW((void)dataset->read(0));
    EXPECT_EQ(message_of<DataError>([&] { (void)dataset->read(1); }),
              world.folder / "y.npy" + ": record 1: the target 'y' holds NaN");
}

TEST(Numpy, AFileThatBecameShorterIsADataErrorAndNoSignal) {
    const NumpyWorld world;
    world.save<float>("x.npy", Shape{2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
    const auto dataset = world.open("inputs: {x: x.npy}");
    world.write("x.npy", file_bytes(world.folder / "x.npy").substr(0, 140));
    EXPECT_THAT(message_of<DataError>([&] { (void)dataset->read(1); }), HasSubstr("x.npy"));
}

TEST(Numpy, RefusesWhatHoldsNoRows) {
    const NumpyWorld world;
    world.save<float>("one.npy", Shape{}, {1});
    world.save<float>("none.npy", Shape{0, 4}, {});
    world.write("cut.npy", file_bytes(world.folder / "one.npy").substr(0, 129));
    world.write("text.npy", "not an array");
    EXPECT_THAT(world.refusal("inputs: {x: one.npy}"), HasSubstr("one.npy: is a single number"));
    EXPECT_THAT(world.refusal("inputs: {x: none.npy}"), HasSubstr("none.npy: holds no samples"));
    EXPECT_THAT(world.refusal("inputs: {x: missing.npy}"), HasSubstr("missing.npy: no such file"));
    EXPECT_THAT(world.refusal("inputs: {x: text.npy}"), HasSubstr("text.npy: is not a .npy file"));
    EXPECT_THAT(message_of<ConfigError>([&] { (void)world.open("targets: {y: one.npy}"); }), HasSubstr("inputs"));
    EXPECT_THAT(message_of<ConfigError>([&] { (void)world.open("inputs: one.npy"); }), HasSubstr("must map"));
}

TEST(Numpy, AnArrayThatAnArchiveDoesNotHoldIsRefusedWithThoseThatItHolds) {
    EXPECT_THAT(message_of<DataError>(
                    [] { (void)make_dataset("Numpy", section("{file: " + kArrays + "/stored.npz, inputs: {x: z}}")); }),
                HasSubstr("stored.npz: has no array 'z'; it has x y"));
}

// Every place at which an archive can be cut off, and every byte that can be wrong in it.
TEST(Zip, DamagedArchivesAreRefusedOrGiveTheSameBytes) {
    const NumpyWorld world;
    const std::string good = file_bytes(kArrays + "/packed.npz");
    const auto try_to_read = [&](const std::string& bytes) {
        world.write("x.npz", bytes);
        try {
            for (const ZipMember& member : read_zip(world.folder / "x.npz")) {
                (void)unpack_member(world.folder / "x.npz", member);
            }
        } catch (const DataError& error) {
            EXPECT_THAT(error.what(), HasSubstr("x.npz"));
        }
    };
    for (std::size_t size = 0; size < good.size(); ++size) try_to_read(good.substr(0, size));
    for (std::size_t at = 0; at < good.size(); ++at) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 0x55);
        try_to_read(bad);
    }
}

}  // namespace
}  // namespace halftone
