// Operators on signals: what their shape rules take and refuse, and values by hand where ONNX's own tests have no case.
// The other values are compared by tests/conformance.
#include <gmock/gmock.h>

#include "op_case.hpp"

namespace halftone::test {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;
using Ints = std::vector<std::int64_t>;

Tensor ints(const Ints& numbers) {
    return Tensor::of<std::int64_t>({static_cast<std::int64_t>(numbers.size())}, numbers);
}
Tensor whole(std::int64_t number) { return Tensor::scalar<std::int64_t>(number); }

/// The first output of an operator on known inputs.
Tensor evaluated_signal(const std::string& op, const std::vector<Tensor>& inputs, Attributes attributes = {}) {
    OpCase test{.op = op, .inputs = std::vector<Shape>(inputs.size()), .attributes = std::move(attributes)};
    const Node node = node_of(test);
    OpContext context{.node = node, .inputs = {}, .constants = {}};
    for (const Tensor& input : inputs) {
        context.inputs.push_back(input.type());
        context.constants.push_back(&input);
    }
    return reference_ops().evaluate(context, inputs).at(0);
}

std::vector<float> floats_of(const Tensor& tensor) {
    const auto values = tensor.as<float>();
    return {values.begin(), values.end()};
}

TEST(DftRule, TransformsAlongItsAxis) {
    EXPECT_EQ(inferred({.op = "DFT", .inputs = {{-1, 10, 6, 1}}}), "[N,10,6,2]");
    EXPECT_EQ(inferred({.op = "DFT", .inputs = {{-1, 10, 6, 1}}, .attributes = {{"onesided", std::int64_t{1}}}}),
              "[N,10,4,2]");
    EXPECT_EQ(inferred({.op = "DFT",
                        .inputs = {{2, 10, 6, 1}},
                        .attributes = {{"axis", std::int64_t{1}}, {"onesided", std::int64_t{1}}}}),
              "[2,6,6,2]");
    EXPECT_EQ(inferred({.op = "DFT", .inputs = {{2, 10, 1}, {}}, .constants = {{1, whole(16)}}}), "[2,16,2]");
    EXPECT_EQ(inferred({.op = "DFT",
                        .inputs = {{2, 6, 2}},
                        .attributes = {{"inverse", std::int64_t{1}}, {"onesided", std::int64_t{1}}}}),
              "[2,10,1]");
}

TEST(DftRule, RefusesWhatIsNoSignal) {
    EXPECT_THAT(refusal({.op = "DFT", .inputs = {{2, 10, 3}}}), HasSubstr("neither 1 nor 2"));
    EXPECT_THAT(refusal({.op = "DFT", .inputs = {{-1, 10, 1}}, .attributes = {{"axis", std::int64_t{0}}}}),
                HasSubstr("symbolic batch"));
    EXPECT_THAT(refusal({.op = "DFT", .inputs = {{2, 10, 1}}, .attributes = {{"axis", std::int64_t{2}}}}),
                HasSubstr("the parts of complex"));
    EXPECT_THAT(refusal({.op = "DFT", .inputs = {{2, 10, 2}}, .attributes = {{"onesided", std::int64_t{1}}}}),
                HasSubstr("real input"));
    for (const std::int64_t length : {std::int64_t{0}, std::int64_t{-4}, std::int64_t{1} << 40}) {
        EXPECT_THAT(refusal({.op = "DFT", .inputs = {{2, 10, 1}, {}}, .constants = {{1, whole(length)}}}),
                    HasSubstr("out of range"));
    }
}

/// A cosine of period 4 has its power at frequencies 1 and 3, by both algorithms (lengths 8 and 12), and comes back.
TEST(Dft, FindsACosineAndGivesItBack) {
    for (const std::int64_t length : {std::int64_t{8}, std::int64_t{12}}) {
        std::vector<float> cosine;
        for (std::int64_t i = 0; i < length; ++i)
            cosine.push_back(std::array{1.0F, 0.0F, -1.0F, 0.0F}.at(static_cast<std::size_t>(i % 4)));
        const Tensor x = Tensor::of<float>({1, length, 1}, cosine);
        const Tensor spectrum = evaluated_signal("DFT", {x});
        std::vector<float> expected(static_cast<std::size_t>(2 * length), 0.0F);
        expected.at(static_cast<std::size_t>(length / 2)) = static_cast<float>(length) / 2;
        expected.at(static_cast<std::size_t>(2 * length - length / 2)) = static_cast<float>(length) / 2;
        EXPECT_THAT(floats_of(spectrum), Pointwise(FloatNear(1e-5F), expected));
        const Tensor half = evaluated_signal("DFT", {x}, {{"onesided", std::int64_t{1}}});
        const Tensor back =
            evaluated_signal("DFT", {half}, {{"onesided", std::int64_t{1}}, {"inverse", std::int64_t{1}}});
        EXPECT_THAT(floats_of(back), Pointwise(FloatNear(1e-5F), cosine));
    }
}

TEST(StftRule, CutsTheSignalIntoFrames) {
    EXPECT_EQ(inferred({.op = "STFT", .inputs = {{-1, 100, 1}, {}, {16}}, .constants = {{1, whole(8)}}}), "[N,11,9,2]");
    EXPECT_THAT(refusal({.op = "STFT", .inputs = {{1, 10, 1}, {}, {16}}, .constants = {{1, whole(8)}}}),
                HasSubstr("do not fit a signal of 10"));
    EXPECT_THAT(refusal({.op = "STFT", .inputs = {{1, 100, 1}, {}, {16}}, .constants = {{1, whole(0)}}}),
                HasSubstr("do not fit"));
    EXPECT_THAT(refusal({.op = "STFT", .inputs = {{1, 100, 2}, {}, {16}}, .constants = {{1, whole(8)}}}),
                HasSubstr("real signal"));
}

TEST(CosineWindow, OfOneElementIsOne) {
    EXPECT_THAT(floats_of(evaluated_signal("HannWindow", {whole(1)}, {{"periodic", std::int64_t{0}}})), ElementsAre(1));
    EXPECT_THAT(refusal({.op = "HannWindow", .inputs = {{}}, .constants = {{0, whole(-1)}}}), HasSubstr("no length"));
    EXPECT_THAT(refusal({.op = "HannWindow", .inputs = {{}}, .constants = {{0, whole(std::int64_t{1} << 40)}}}),
                HasSubstr("HannWindow node 'n'"));
}

Attributes grams(const std::string& mode) {
    return {{"mode", mode},
            {"min_gram_length", std::int64_t{1}},
            {"max_gram_length", std::int64_t{2}},
            {"max_skip_count", std::int64_t{1}},
            {"ngram_counts", Ints{0, 2}},
            {"ngram_indexes", Ints{2, 0, 1}},
            {"pool_int64s", Ints{7, 8, 7, 8}},
            {"weights", std::vector<float>{0.5F, 2, 3}}};
}

/// The pool: 7 (counted in element 2), 8 (element 0), and 7 8 (element 1), also with one number between them.
TEST(TfIdf, CountsAndWeighs) {
    const Tensor row = ints({7, 9, 8, 7, 8});
    EXPECT_THAT(floats_of(evaluated_signal("TfIdfVectorizer", {row}, grams("TF"))), ElementsAre(2, 2, 2));
    // The weights 0.5, 2, 3 are those of 7, 8 and 7 8, wherever they are counted. The numbers are ONNX Runtime's.
    EXPECT_THAT(floats_of(evaluated_signal("TfIdfVectorizer", {row}, grams("TFIDF"))), ElementsAre(4, 6, 1));
    EXPECT_THAT(floats_of(evaluated_signal("TfIdfVectorizer", {ints({9, 7})}, grams("IDF"))), ElementsAre(0, 0, 0.5F));
}

/// Two n-grams may share an element of the output. The numbers are ONNX Runtime's.
TEST(TfIdf, SharesAnElementBetweenGrams) {
    const auto counted = [](const std::string& mode) {
        Attributes attributes = grams(mode);
        attributes["ngram_indexes"] = Ints{3, 3, 0};
        return floats_of(evaluated_signal("TfIdfVectorizer", {ints({8, 9, 9, 7})}, attributes));
    };
    EXPECT_THAT(counted("TF"), ElementsAre(0, 0, 0, 2));
    EXPECT_THAT(counted("TFIDF"), ElementsAre(0, 0, 0, 2.5F));
    EXPECT_THAT(counted("IDF"), ElementsAre(0, 0, 0, 0.5F));
}

TEST(TfIdf, RefusesPoolsThatDoNotFit) {
    const auto refused = [](const std::string& name, const Attribute& value) {
        Attributes attributes = grams("TF");
        attributes[name] = value;
        return refusal(
            {.op = "TfIdfVectorizer", .inputs = {{4}}, .attributes = std::move(attributes), .dtype = DType::s64});
    };
    EXPECT_THAT(refused("ngram_counts", Ints{0, 3}), HasSubstr("do not divide the pool"));
    EXPECT_THAT(refused("ngram_counts", Ints{0, std::int64_t{1} << 62}), HasSubstr("do not divide the pool"));
    EXPECT_THAT(refused("ngram_indexes", Ints{0}), HasSubstr("more n-grams than indexes"));
    EXPECT_THAT(refused("ngram_indexes", Ints{0, -1, 2}), HasSubstr("out of range"));
    EXPECT_THAT(refused("max_gram_length", std::int64_t{9}), HasSubstr("do not fit"));
    EXPECT_THAT(refused("weights", std::vector<float>{1}), HasSubstr("one number for each n-gram"));
}

}  // namespace
}  // namespace halftone::test
