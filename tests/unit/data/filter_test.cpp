// Filters: views of a data set.
#include "data/filter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/config_text.hpp"

namespace halftone {
namespace {

using ::testing::HasSubstr;

/// Six pictures with 0, 1, 2, 0, 1, 2 boxes. The picture that is `bad` cannot be read.
class Boxes final : public Dataset {
public:
    explicit Boxes(std::int64_t bad = -1) : bad_(bad) {
        schema_.inputs = {{.name = "image", .type = {DType::u8, Shape{1, 1, 1}}}};
        schema_.targets = {{.name = "boxes", .type = {DType::f32, Shape{kSymbolic, 4}}}};
    }
    std::int64_t size() const override { return 6; }
    const Schema& schema() const override { return schema_; }
    Sample read(std::int64_t id) const override {
        if (id == bad_) throw DataError("picture 4 is damaged");
        return {.id = id,
                .inputs = {Tensor::of<std::uint8_t>(Shape{1, 1, 1}, std::vector{static_cast<std::uint8_t>(id)})},
                .targets = {Tensor({DType::f32, Shape{id % 3, 4}})}};
    }
    std::uint64_t content_hash() const override { return 17; }

private:
    std::int64_t bad_;
    Schema schema_;
};

TEST(LabelBalance, KeepsPicturesWithThatManyObjectsInTheirOrder) {
    const auto view = make_filtered("LabelBalance", section("size: 1"), std::make_unique<Boxes>());
    ASSERT_EQ(view->size(), 2);
    EXPECT_EQ(first_input(view->read(0)).as<std::uint8_t>()[0], 1);
    EXPECT_EQ(first_input(view->read(1)).as<std::uint8_t>()[0], 4);
    EXPECT_EQ(view->read(1).id, 1) << "the view counts its own samples";
    EXPECT_EQ(view->read_targets(1).id, 1);
    EXPECT_EQ(view->schema(), Boxes().schema());
    EXPECT_THROW((void)view->read(2), InternalError);
    EXPECT_THROW((void)view->read(-1), InternalError);
}

TEST(LabelBalance, GivesTheViewAnIdentityOfItsOwn) {
    const auto of = [](const char* yaml) {
        return make_filtered("LabelBalance", section(yaml), std::make_unique<Boxes>())->content_hash();
    };
    EXPECT_EQ(of("size: 1"), of("size: 1"));
    EXPECT_NE(of("size: 1"), of("size: 2"));
    EXPECT_NE(of("size: 1"), Boxes().content_hash());
}

TEST(LabelBalance, RefusesWhatItCannotCountAndAViewWithoutSamples) {
    const auto refuse = [](const char* yaml) {
        return message_of<ConfigError>(
            [&] { (void)make_filtered("LabelBalance", section(yaml), std::make_unique<Boxes>()); });
    };
    EXPECT_THAT(refuse("size: 3"), HasSubstr("leaves none of the samples"));
    EXPECT_THAT(refuse("size: 0"), HasSubstr("size"));
    EXPECT_THAT(refuse(""), HasSubstr("size must be given"));
    EXPECT_THAT(refuse("{size: 1, sizes: 2}"), HasSubstr("sizes"));
    EXPECT_THAT(message_of<ConfigError>([] {
                    (void)make_filtered("LabelBalance", section("size: 1"),
                                        make_dataset("dummy", section("shape: [2, 3]")));
                }),
                HasSubstr("no target 'boxes' or 'labels'"));
    EXPECT_THAT(message_of<ConfigError>([] { (void)make_filtered("Balance", section(""), std::make_unique<Boxes>()); }),
                HasSubstr("available: LabelBalance"));
}

TEST(LabelBalance, LeavesABadSampleToWhoeverReadsIt) {
    EXPECT_THAT(message_of<DataError>(
                    [] { (void)make_filtered("LabelBalance", section("size: 2"), std::make_unique<Boxes>(4)); }),
                HasSubstr("picture 4"));
    const auto view = make_filtered("LabelBalance", section("size: 2"), std::make_unique<Boxes>(4), true);
    ASSERT_EQ(view->size(), 3);
    EXPECT_THROW((void)view->read(1), DataError);
}

TEST(Pipeline, AppliesTheFilterOfItsSection) {
    DataloaderConfig config;
    config.dataset = plugin("dummy", "shape: [2, 3]");
    config.filter = plugin("LabelBalance", "size: 1");
    EXPECT_THAT(message_of<ConfigError>([&] { const Pipeline pipeline(config); }), HasSubstr("no target 'boxes'"));
}

}  // namespace
}  // namespace halftone
