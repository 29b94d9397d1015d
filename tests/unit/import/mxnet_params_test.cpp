// .params files in the forms of all years, written here byte by byte, and damaged ones.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "import/mxnet/params.hpp"

namespace halftone {
namespace {

template <class T>
std::string raw(std::initializer_list<T> values) {
    std::string bytes;
    for (const T value : values) bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
    return bytes;
}

using U32 = std::uint32_t;
using U64 = std::uint64_t;

/// A file of one array, called arg:w.
std::string file_with(const std::string& array) { return raw<U64>({0x112, 0, 1}) + array + raw<U64>({1, 5}) + "arg:w"; }

const std::string kDevice = raw<U32>({1, 0});
const std::string kThreeFloats = raw<float>({1.5F, -2.0F, 3.0F});
const std::string kV2 = raw<U32>({0xF993fac9, 0, 1}) + raw<U64>({3}) + kDevice + raw<U32>({0}) + kThreeFloats;

void expect_params_refused(const std::string& bytes, const std::string& word) {
    try {
        (void)read_mxnet_params(bytes, "p.params");
        FAIL() << word;
    } catch (const ModelError& error) {
        EXPECT_THAT(error.what(), testing::AllOf(testing::StartsWith("p.params: "), testing::HasSubstr(word)));
    }
}

TEST(MxnetParamsForms, EveryYearsFormHoldsTheSameArray) {
    const std::string v1 = raw<U32>({0xF993fac8, 1}) + raw<U64>({3}) + kDevice + raw<U32>({0}) + kThreeFloats;
    const std::string oldest = raw<U32>({1, 3}) + kDevice + raw<U32>({0}) + kThreeFloats;
    const std::string v3 = raw<U32>({0xF993faca}) + kV2.substr(4);
    for (const std::string& array : {kV2, v1, oldest, v3}) {
        const auto params = read_mxnet_params(file_with(array), "p.params");
        ASSERT_EQ(params.size(), 1U);
        EXPECT_EQ(params.at("w").shape(), Shape{3});
        EXPECT_THAT(params.at("w").as<float>(), testing::ElementsAre(1.5F, -2.0F, 3.0F));
    }
}

TEST(MxnetParamsForms, AScalarOfTheNumpyForm) {
    const std::string scalar = raw<U32>({0xF993faca, 0, 0}) + kDevice + raw<U32>({0}) + raw<float>({4.0F});
    EXPECT_EQ(read_mxnet_params(file_with(scalar), "p.params").at("w").shape(), Shape{});
}

TEST(MxnetParamsForms, AnArrayThatIsNoneIsLeftOut) {
    EXPECT_TRUE(read_mxnet_params(file_with(raw<U32>({0xF993fac9, 0, 0})), "p.params").empty());
    EXPECT_TRUE(read_mxnet_params(file_with(raw<U32>({0xF993faca, 0, 0xFFFFFFFF})), "p.params").empty());
}

TEST(MxnetParamsForms, DamageIsRefusedBeforeMemoryIsTaken) {
    expect_params_refused("", "expected MXNet's number");
    expect_params_refused(raw<U64>({0x113, 0, 0, 0}), "0x112");
    expect_params_refused(file_with(kV2) + "x", "");
    const std::string whole = file_with(kV2);
    for (std::size_t size = 0; size < whole.size(); ++size) expect_params_refused(whole.substr(0, size), "");
    const auto sized = [](std::initializer_list<U64> dims, U32 type) {
        return file_with(raw<U32>({0xF993fac9, 0, static_cast<U32>(dims.size())}) + raw<U64>(dims) + kDevice +
                         raw<U32>({type}));
    };
    expect_params_refused(sized({U64{1} << 62U, 4, 4}, 0), "2^40");
    expect_params_refused(sized({U64{1} << 62U, U64{1} << 62U, 0}, 0), "2^40");
    expect_params_refused(sized({1000}, 0), "values");
    expect_params_refused(sized({1}, 13), "element type");
    expect_params_refused(sized({~U64{0}}, 0), "not negative");
    expect_params_refused(file_with(raw<U32>({0xF993fac9, 0, 33})), "32 dimensions");
    expect_params_refused(raw<U64>({0x112, 0, ~U64{0}}), "array");
}

}  // namespace
}  // namespace halftone
