// CIFAR10 and CIFAR100, in the binary and the Python version of their archives. golden/data/cifar is pickled by Python
// (PROVENANCE.md): by protocol 2 with the texts of Python 2, as the public archives are, and by protocol 4.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "data/formats/cifar_batch.hpp"
#include "data/formats/pickle.hpp"
#include "support/config_text.hpp"
#include "support/temporary_folder.hpp"
#include "support/tf_records.hpp"

namespace halftone {
namespace {

using ::testing::HasSubstr;

const std::string kCifar = HALFTONE_TEST_DATA "/data/cifar";

/// Picture p of the golden files: byte i of its planes is (7 * p + i) % 251.
std::string planes_of(std::size_t picture) {
    std::string planes;
    for (std::size_t i = 0; i < CifarBatch::kPictureBytes; ++i) planes += static_cast<char>((7 * picture + i) % 251);
    return planes;
}

std::unique_ptr<Dataset> open_cifar(const std::string& word, const std::string& root, const std::string& more = "") {
    return make_dataset(word, section("{root: " + root + more + "}"));
}

void expect_picture(const Sample& sample, std::size_t picture, std::int64_t label) {
    EXPECT_EQ(label_of(sample), label);
    const auto pixels = first_input(sample).as<std::uint8_t>();
    ASSERT_EQ(first_input(sample).shape(), (Shape{32, 32, 3}));
    const std::string planes = planes_of(picture);
    for (std::size_t pixel = 0; pixel < 1024; ++pixel) {
        for (std::size_t c = 0; c < 3; ++c) {
            ASSERT_EQ(pixels[3 * pixel + c], static_cast<std::uint8_t>(planes[1024 * c + pixel])) << pixel << ", " << c;
        }
    }
}

TEST(Cifar, TheBinaryVersionIsReadInTheArchivesFolderOrInRoot) {
    const TemporaryFolder folder;
    std::filesystem::create_directories(folder / "cifar-10-batches-bin");
    write_bytes(folder / "cifar-10-batches-bin/test_batch.bin", "\x09" + planes_of(0) + "\x02" + planes_of(1));
    for (const char* inner : {"", "/cifar-10-batches-bin"}) {
        const auto dataset = open_cifar("CIFAR10", folder.path() + inner, ", download: True");
        ASSERT_EQ(dataset->size(), 2);
        EXPECT_EQ(to_text(dataset->schema().inputs), "image uint8 [32,32,3]");
        expect_picture(dataset->read(0), 0, 9);
        expect_picture(dataset->read(1), 1, 2);
    }
}

TEST(Cifar, TheTrainingPartIsFiveFilesInOrder) {
    const TemporaryFolder folder;
    for (std::size_t i = 0; i < 5; ++i) {
        write_bytes(folder / "data_batch_" + std::to_string(i + 1) + ".bin",
                    std::string(1, static_cast<char>(i)) + planes_of(i));
    }
    const auto dataset = open_cifar("CIFAR10", folder.path(), ", train: true");
    ASSERT_EQ(dataset->size(), 5);
    for (std::int64_t i = 0; i < 5; ++i) expect_picture(dataset->read(i), static_cast<std::size_t>(i), i);
    std::filesystem::remove(folder / "data_batch_3.bin");
    EXPECT_THAT(message_of<DataError>([&] { (void)open_cifar("CIFAR10", folder.path(), ", train: true"); }),
                HasSubstr("data_batch_3.bin does not exist"));
    std::filesystem::remove(folder / "data_batch_1.bin");
    EXPECT_THAT(message_of<DataError>([&] { (void)open_cifar("CIFAR10", folder.path(), ", train: true"); }),
                HasSubstr((folder / "data_batch_1.bin") + ", " + (folder / "data_batch_3.bin") + " do not exist"));
}

TEST(Cifar, TheLabelOfCifar100IsTheFineClass) {
    const TemporaryFolder folder;
    write_bytes(folder / "test.bin", "\x13\x0b" + planes_of(0) + "\x01\x63" + planes_of(1));
    const auto dataset = open_cifar("CIFAR100", folder.path());
    expect_picture(dataset->read(0), 0, 11);
    expect_picture(dataset->read(1), 1, 99);
}

TEST(Cifar, PicklesOfPythonAreReadWithoutRunningThem) {
    for (const char* protocol : {"python2", "protocol4"}) {
        const std::string root = kCifar + "/" + protocol;
        const auto ten = open_cifar("CIFAR10", root);
        ASSERT_EQ(ten->size(), 2) << protocol;
        expect_picture(ten->read(0), 0, 3);
        expect_picture(ten->read(1), 1, 8);
        expect_picture(open_cifar("CIFAR100", root)->read(1), 1, 49);
    }
    // Both versions of the archive are the same data.
    const TemporaryFolder folder;
    write_bytes(folder / "test_batch.bin", "\x03" + planes_of(0) + "\x08" + planes_of(1));
    EXPECT_EQ(open_cifar("CIFAR10", folder.path())->content_hash(),
              open_cifar("CIFAR10", kCifar + "/python2")->content_hash());
}

std::string pickle_refusal(const std::string& bytes) {
    return message_of<DataError>([&] { (void)parse_cifar_pickle(bytes, kCifar10, "test_batch"); });
}

TEST(Cifar, APickleThatCallsAnythingElseIsRefused) {
    EXPECT_THAT(pickle_refusal("\x80\x02"
                               "cposix\nsystem\nX\x02" +
                               std::string(3, '\0') + "id\x85R."),
                HasSubstr("test_batch: byte "));
    EXPECT_THAT(pickle_refusal("\x80\x02"
                               "cposix\nsystem\n."),
                HasSubstr("a name of NumPy's arrays, not posix.system"));
    EXPECT_THAT(pickle_refusal("\x80\x05}."), HasSubstr("a pickle of protocol 2 to 4"));
    EXPECT_THAT(pickle_refusal("\x80\x02}u."), HasSubstr("a mark before the operation"));
    EXPECT_THAT(pickle_refusal("\x80\x02R."), HasSubstr("an operation with its operands before it"));
    EXPECT_THAT(pickle_refusal("\x80\x02}."), HasSubstr("holds no list 'labels'"));
    EXPECT_THAT(pickle_refusal("\x80\x02}\x8c\x06labels]s."), HasSubstr("holds no array 'data' of bytes"));
    EXPECT_THAT(pickle_refusal("\x80\x02\xff."), HasSubstr("a known operation, not 0xff at byte 2"));
    EXPECT_THAT(pickle_refusal(""), HasSubstr("expected an operation"));
    // A list that holds itself is no trouble.
    EXPECT_NO_THROW(
        (void)parse_pickle("\x80\x02]q\x01h\x01"
                           "a.",
                           "p"));
}

TEST(Cifar, FilesOfAnotherSizeOrNoneAreRefused) {
    EXPECT_THAT(message_of<DataError>([] { (void)parse_cifar_binary(std::string(3000, 'x'), kCifar10, "a.bin"); }),
                HasSubstr("a.bin: has 3000 bytes, which is no multiple of a record's 3073"));
    const TemporaryFolder folder;
    const std::string missing = message_of<DataError>([&] { (void)open_cifar("CIFAR10", folder.path()); });
    EXPECT_THAT(missing,
                HasSubstr("CIFAR10: " + folder.path() + "/cifar-10-batches-bin/test_batch.bin does not exist"));
    EXPECT_THAT(missing, HasSubstr("Halftone downloads nothing"));
}

}  // namespace
}  // namespace halftone
