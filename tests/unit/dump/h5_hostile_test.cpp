// Files that our writer would never make, written with the library itself: what they claim, and what they really hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <array>
#include <fstream>

#include "base/error.hpp"
#include "dump/h5_reader.hpp"
#include "dump/h5_writer.hpp"
#include "support/temporary_folder.hpp"

namespace halftone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HostileH5 : public ::testing::Test {
protected:
    HostileH5() {
        start_hdf5();
        file_ = H5Fcreate(path().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    }
    [[nodiscard]] std::string path() const { return folder_ / "x.h5"; }

    /// Makes the dataset "/d" in chunks, of which only the first is stored; `chunk` 0: not in chunks, and not stored.
    void dataset(hid_t type, const std::vector<hsize_t>& shape, hsize_t chunk, H5Z_filter_t filter = H5Z_FILTER_NONE) {
        const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
        const hid_t how = H5Pcreate(H5P_DATASET_CREATE);
        if (chunk != 0) {
            const std::vector<hsize_t> sides(shape.size(), chunk);
            ASSERT_GE(H5Pset_chunk(how, static_cast<int>(sides.size()), sides.data()), 0);
        }
        if (filter != H5Z_FILTER_NONE) {
            ASSERT_GE(H5Pset_filter(how, filter, H5Z_FLAG_OPTIONAL, 0, nullptr), 0);
        }
        const hid_t set = H5Dcreate2(file_, "d", type, space, H5P_DEFAULT, how, H5P_DEFAULT);
        ASSERT_GE(set, 0);
        if (chunk != 0) {
            const std::vector<hsize_t> start(shape.size(), 0);
            const std::vector<hsize_t> count(shape.size(), 1);
            H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
            const hid_t one = H5Screate(H5S_SCALAR);
            const std::array<char, 64> zeros{};
            ASSERT_GE(H5Dwrite(set, type, one, space, H5P_DEFAULT, zeros.data()), 0);
            H5Sclose(one);
        }
        H5Dclose(set);
        H5Pclose(how);
        H5Sclose(space);
    }
    /// Makes an attribute "a" of the root.
    void attribute(hid_t type, hsize_t elements, const void* data) {
        const hid_t space = H5Screate_simple(1, &elements, nullptr);
        const hid_t made = H5Acreate2(file_, "a", type, space, H5P_DEFAULT, H5P_DEFAULT);
        ASSERT_GE(H5Awrite(made, type, data), 0);
        H5Aclose(made);
        H5Sclose(space);
    }
    /// Closes the file. @return why reading is refused
    template <class Read>
    [[nodiscard]] std::string refusal(Read read) {
        if (file_ >= 0) H5Fclose(file_);
        file_ = -1;
        try {
            const H5Reader reader(path());
            read(reader);
        } catch (const DataError& error) {
            return error.what();
        }
        return "read";
    }
    [[nodiscard]] std::string refusal_of_numbers() {
        return refusal([](const H5Reader& reader) { (void)reader.numbers("/d"); });
    }

    TemporaryFolder folder_;
    hid_t file_ = -1;
};

// 2^32 x 2^32 is 0 in 64 bits, and 2^61 doubles have 0 bytes.
TEST_F(HostileH5, AShapeWhoseProductWrapsIsRefused) {
    dataset(H5T_NATIVE_DOUBLE, {hsize_t{1} << 32U, hsize_t{1} << 32U}, 0);
    EXPECT_THAT(refusal_of_numbers(), HasSubstr("x.h5::/d: has an impossible shape"));
}

TEST_F(HostileH5, ChunksThatAreNotStoredAreNotReadAsZeros) {
    dataset(H5T_NATIVE_DOUBLE, {hsize_t{1} << 38U}, 1024);
    EXPECT_THAT(refusal_of_numbers(), HasSubstr("claims 2199023255552 bytes; the file does not hold so many"));
}

TEST_F(HostileH5, APackedDatasetMayClaimWhatDeflateCanHoldAndNoMore) {
    dataset(H5T_NATIVE_DOUBLE, {hsize_t{1} << 38U}, 1024, H5Z_FILTER_DEFLATE);
    EXPECT_THAT(refusal_of_numbers(), HasSubstr("the file does not hold so many"));
}

TEST_F(HostileH5, AContiguousDatasetThatIsNotStoredIsRefused) {
    dataset(H5T_NATIVE_DOUBLE, {hsize_t{1} << 38U}, 0);
    EXPECT_THAT(refusal_of_numbers(), HasSubstr("the file does not hold so many"));
}

// Length times elements must not wrap before the texts are read, nor be believed.
TEST_F(HostileH5, LongTextsInAWideShapeAreRefused) {
    const hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, std::size_t{1} << 20U);
    dataset(text, {hsize_t{1} << 40U}, 0);
    EXPECT_THAT(refusal([](const H5Reader& reader) { (void)reader.texts("/d"); }),
                HasSubstr("claims 1152921504606846976 bytes; the file does not hold so many"));
    H5Tclose(text);
}

TEST_F(HostileH5, ATextOfGigabytesIsRefused) {
    const hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, std::size_t{1} << 30U);
    dataset(text, {1}, 0);
    EXPECT_THAT(refusal([](const H5Reader& reader) { (void)reader.texts("/d"); }), HasSubstr("impossible shape"));
    H5Tclose(text);
}

TEST_F(HostileH5, OtherFiltersAreRefused) {
    dataset(H5T_NATIVE_INT32, {64}, 64, H5Z_FILTER_NBIT);
    EXPECT_THAT(refusal_of_numbers(), HasSubstr("filter that is not read; known are deflate, shuffle, fletcher32"));
}

TEST_F(HostileH5, ExternalElementsAndLinksAreRefused) {
    const hid_t how = H5Pcreate(H5P_DATASET_CREATE);
    ASSERT_GE(H5Pset_external(how, "/etc/passwd", 0, 64), 0);
    const hsize_t size = 8;
    const hid_t space = H5Screate_simple(1, &size, nullptr);
    H5Dclose(H5Dcreate2(file_, "d", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, how, H5P_DEFAULT));
    H5Sclose(space);
    H5Pclose(how);
    ASSERT_GE(H5Lcreate_external("/tmp/other.h5", "/d", file_, "link", H5P_DEFAULT, H5P_DEFAULT), 0);
    ASSERT_GE(H5Lcreate_soft("/d", file_, "soft", H5P_DEFAULT, H5P_DEFAULT), 0);
    EXPECT_THAT(refusal_of_numbers(), HasSubstr("takes its elements from another file"));
    for (const char* name : {"/link", "/soft"}) {
        EXPECT_THAT(refusal([&](const H5Reader& reader) { (void)reader.numbers(name); }), HasSubstr("is a link"));
    }
}

TEST_F(HostileH5, TextsAreNoNumbers) {
    const hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, 8);
    dataset(text, {4}, 4);
    H5Tclose(text);
    EXPECT_THAT(refusal_of_numbers(), HasSubstr("holds no numbers"));
}

// Two integers of 32 bits have the bytes of one of 64; the library would convert both, into 16 bytes.
TEST_F(HostileH5, AnIntegerAttributeIsOneInteger) {
    const std::array<std::int32_t, 2> two{1, 2};
    attribute(H5T_NATIVE_INT32, 2, two.data());
    EXPECT_THAT(refusal([](const H5Reader& reader) { (void)reader.integer_attribute("/", "a"); }),
                HasSubstr("attribute 'a' is no integer"));
}

TEST_F(HostileH5, RowsOfAnotherSizeDoNotLeaveTheBuffer) {
    dataset(H5T_NATIVE_DOUBLE, {4, 4}, 4);
    std::array<std::byte, 16> row{};  // room for four floats; the file has four doubles in a row
    EXPECT_THAT(refusal([&](const H5Reader& reader) { reader.read_rows("/d", 0, 1, row); }),
                HasSubstr("has rows of another size"));
    EXPECT_THAT(refusal([&](const H5Reader& reader) { reader.read_rows("/d", -1, 1, row); }),
                HasSubstr("too few rows"));
    EXPECT_THAT(refusal([&](const H5Reader& reader) { reader.read_rows("/d", 1, INT64_MAX, row); }),
                HasSubstr("too few rows"));
}

// What deflate makes of zeros comes near its limit, and such files are our own.
TEST(PackedH5, ZerosAreRead) {
    const TemporaryFolder folder;
    const std::vector<std::int64_t> zeros(std::size_t{1} << 20U, 0);
    H5Writer file(folder / "zeros.h5");
    file.array({.path = "/d",
                .description = "",
                .units = "1",
                .elements = zeros,
                .shape = {std::int64_t{1} << 20U},
                .scales = {},
                .is_packed = true});
    file.commit();
    EXPECT_EQ(H5Reader(folder / "zeros.h5").integers("/d"), zeros);
}

}  // namespace
}  // namespace halftone
