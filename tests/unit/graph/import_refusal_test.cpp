// Every kind of file that import_onnx refuses, and that the message names what and why.
#include <gmock/gmock.h>

#include "unit/graph/model_text.hpp"

namespace halftone::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kRefusalRelu = "node { op_type: 'Relu' name: 'r' input: 'x' output: 'y' } ";

std::string refusal_of_bytes(const std::string& bytes) {
    try {
        (void)import_onnx(bytes, "dir/m.onnx", ToyOps());
        return "";
    } catch (const ModelError& error) {
        return error.what();
    }
}

std::string refusal_of_weight(const std::string& tensor) {
    return refusal(x_to_y({"4"}) +
                   "node { op_type: 'Mul' input: 'x' input: 'w' output: 'y' } initializer { name: 'w' " + tensor +
                   " }");
}

std::string refusal_of_attribute(const std::string& attribute) {
    return refusal(x_to_y() + "node { op_type: 'Relu' name: 'r' input: 'x' output: 'y' attribute { name: 'a' " +
                   attribute + " } }");
}

TEST(ImportRefuses, NothingInAGoodFile) { EXPECT_EQ(refusal(x_to_y() + kRefusalRelu), ""); }

TEST(ImportRefuses, AnEmptyFileAndOneThatIsNoModel) {
    EXPECT_EQ(refusal_of_bytes(""), "dir/m.onnx: the file is empty");
    EXPECT_THAT(refusal_of_bytes("not a model"), StartsWith("dir/m.onnx: is not an ONNX model"));
    EXPECT_THAT(refusal_of_bytes(model_bytes("ir_version: 7")), HasSubstr("no graph"));
}

std::string refusal_of_node_name(std::size_t bytes, const std::string& producer) {
    return refusal_of_bytes(
        model_bytes("ir_version: 7 producer_name: '" + producer + "' opset_import { version: 13 } graph { " + x_to_y() +
                    "node { op_type: 'Relu' name: '" + std::string(bytes, 'n') + "' input: 'x' output: 'y' } }"));
}

TEST(ImportRefuses, NamesOfMoreThan4096Bytes) {
    EXPECT_EQ(refusal_of_node_name(4096, "pytorch"), "");
    EXPECT_THAT(refusal_of_node_name(60'000, "pytorch"),
                HasSubstr("a node's name has 60000 bytes ('" + std::string(40, 'n') + "…'); a name may have 4096"));
    const std::string name(4097, 'v');
    EXPECT_THAT(refusal("input { name: '" + name + "' } "), HasSubstr("a value's name has 4097 bytes"));
    EXPECT_THAT(refusal(x_to_y() + "node { op_type: '" + name + "' } "), HasSubstr("a node's operator has 4097"));
    EXPECT_THAT(refusal(x_to_y() + "node { op_type: 'Relu' input: '" + name + "' } "), HasSubstr("a value's name"));
    EXPECT_THAT(refusal(x_to_y() + "initializer { name: '" + name + "' }"), HasSubstr("an initialiser's name"));
    EXPECT_THAT(refusal(x_to_y() + "node { op_type: 'Relu' attribute { name: '" + name + "' } }"),
                HasSubstr("an attribute's name"));
    EXPECT_THAT(refusal("input { name: 'x' type { tensor_type { shape { dim { dim_param: '" + name + "' } } } } }"),
                HasSubstr("a dimension's name"));
}

// A model with names of 4096 bytes is exported with suffixes behind them, and that file must be readable again.
TEST(ImportRefuses, NoNamesThatTheExportMadeALittleLonger) {
    EXPECT_EQ(refusal_of_node_name(4096 + 256, "halftone"), "");
    EXPECT_THAT(refusal_of_node_name(4096 + 257, "halftone"), HasSubstr("a name may have 4352"));
}

TEST(ImportRefuses, VersionsOutsideOfItsRange) {
    EXPECT_THAT(refusal(x_to_y() + kRefusalRelu, 13, 2), HasSubstr("IR version 2; supported: 3 and later"));
    EXPECT_THAT(refusal(x_to_y() + kRefusalRelu, 24), HasSubstr("operator set 24; supported: 1 to 23"));
    EXPECT_EQ(refusal(x_to_y() + kRefusalRelu, 23), "");
    EXPECT_EQ(refusal(x_to_y() + kRefusalRelu, 1), "");
    EXPECT_THAT(
        refusal(x_to_y() + "node { op_type: 'QuantizeLinear' name: 'q' input: 'x' input: 'x' input: 'x' output: 'y' }",
                6),
        HasSubstr("QuantizeLinear node 'q': its meaning in operator set 6 is not known"));
    EXPECT_THAT(refusal_of_bytes(model_bytes("ir_version: 7 graph { " + x_to_y() + kRefusalRelu + "}")),
                HasSubstr("operator set 0"));
    EXPECT_THAT(
        refusal_of_bytes(model_bytes("ir_version: 7 opset_import { version: 13 } opset_import { domain: 'ai.onnx' "
                                     "version: 14 } graph { " +
                                     x_to_y() + kRefusalRelu + "}")),
        HasSubstr("two versions"));
}

TEST(ImportRefuses, AllUnknownOperatorsInOneMessage) {
    const std::string message = refusal(x_to_y() +
                                        "node { op_type: 'Erf' name: 'e1' input: 'x' output: 'a' } "
                                        "node { op_type: 'Erf' name: 'e2' input: 'a' output: 'b' } "
                                        "node { op_type: 'LSTM' input: 'b' output: 'y' }");
    EXPECT_EQ(message,
              "m.onnx (opset 13): operators that are not supported: Erf (opset 13, 2 times, first: Erf node 'e1'); "
              "LSTM (opset 13, 1 time, first: unnamed LSTM node (output 'y'))");
}

// Found by fuzzing: the upgrade of an old form names its constants after the node's output.
TEST(ImportRefuses, AnOldReshapeWithoutAnOutput) {
    const std::string graph = x_to_y() + kRefusalRelu +
                              "node { op_type: 'Reshape' input: 'x' attribute { name: 'shape' type: INTS ints: 1 } } ";
    for (const char* version : {"1", "4", "5"}) {
        EXPECT_NO_THROW((void)refusal_of_bytes(
            model_bytes("ir_version: 3 opset_import { version: " + std::string(version) + " } graph { " + graph + "}")))
            << version;
    }
}

TEST(ImportRefuses, OtherDomains) {
    EXPECT_THAT(refusal(x_to_y() + "node { op_type: 'Relu' domain: 'com.example' name: 'r' input: 'x' output: 'y' }"),
                AllOf(HasSubstr("Relu node 'r'"), HasSubstr("domain 'com.example'")));
    EXPECT_EQ(refusal(x_to_y() + "node { op_type: 'Relu' domain: 'ai.onnx' input: 'x' output: 'y' }"), "");
}

TEST(ImportRefuses, SubgraphsReferencesAndSparseTensors) {
    EXPECT_THAT(refusal(x_to_y() + kRefusalRelu + "sparse_initializer { dims: 4 }"), HasSubstr("sparse"));
    EXPECT_THAT(refusal_of_attribute("type: GRAPH g { name: 'sub' }"),
                AllOf(HasSubstr("Relu node 'r': attribute 'a'"), HasSubstr("subgraph")));
    EXPECT_THAT(refusal_of_attribute("type: SPARSE_TENSOR"), HasSubstr("SPARSE_TENSOR"));
    EXPECT_THAT(refusal_of_attribute("type: INT ref_attr_name: 'outer'"),
                HasSubstr("function's attribute outside of a function"));
    EXPECT_THAT(refusal_of_attribute("i: 3"), HasSubstr("UNDEFINED"));
}

TEST(ImportRefuses, ExternalData) {
    EXPECT_THAT(
        refusal_of_weight(
            "dims: 4 data_type: 1 data_location: EXTERNAL external_data { key: 'location' value: '/etc/passwd' }"),
        AllOf(HasSubstr("initialiser 'w'"), HasSubstr("outside the model file")));
}

TEST(ImportRefuses, ElementTypesItCannotCompute) {
    EXPECT_THAT(refusal_of_weight("dims: 4 data_type: 4 raw_data: '01234567'"),
                HasSubstr("uint16 (4) is not supported"));
    EXPECT_THAT(refusal_of_weight("dims: 1 data_type: 8 string_data: 'a'"), HasSubstr("string (8)"));
    EXPECT_THAT(refusal_of_weight("dims: 1 data_type: 99"), HasSubstr("unknown (99)"));
    EXPECT_THAT(refusal_of_weight("dims: 1"), HasSubstr("undefined (0)"));
    EXPECT_THAT(refusal("input { name: 'x' type { tensor_type { elem_type: 4 shape { dim { dim_value: 1 } } } } } " +
                        value_text("output", "y", {"1"}) + kRefusalRelu),
                HasSubstr("graph input 'x': element type uint16 (4)"));
}

TEST(ImportRefuses, NoNumberThatIsNotFinite) {
    // A mask of -inf, a Clip without an upper limit: only the weights of a quantized unit must be finite.
    EXPECT_EQ(refusal_of_weight("dims: 4 data_type: 1 float_data: [1, inf, nan, -inf]"), "");
    EXPECT_EQ(refusal_of_weight("dims: 4 data_type: 11 double_data: [-inf, 1, 1, 1]"), "");
    EXPECT_EQ(refusal_of_attribute("type: FLOAT f: inf"), "");
}

TEST(ImportRefuses, HalfTensorsOfAnotherSize) {
    EXPECT_THAT(refusal_of_weight("dims: 4 data_type: 10 raw_data: '0123'"), HasSubstr("raw_data has 4 bytes"));
    EXPECT_THAT(refusal_of_weight("dims: 1 data_type: 16 int32_data: 65536"),
                HasSubstr("value 65536 has more than 16 bits"));
    EXPECT_THAT(refusal_of_weight("dims: 1 data_type: 10 int32_data: -1"), HasSubstr("value -1 has more than 16 bits"));
}

TEST(ImportRefuses, TensorsWhoseSizesDisagree) {
    EXPECT_THAT(refusal_of_weight("dims: 4 data_type: 1 float_data: [1, 2, 3]"),
                HasSubstr("float_data has 3 values; its dimensions need 4"));
    EXPECT_THAT(refusal_of_weight("dims: 4 data_type: 1 raw_data: '123'"), HasSubstr("raw_data has 3 bytes"));
    EXPECT_THAT(refusal_of_weight("dims: -4 data_type: 1"), HasSubstr("dimension -4 is negative"));
    EXPECT_THAT(refusal_of_weight("dims: [9223372036854775807, 9223372036854775807] data_type: 1"),
                HasSubstr("too large"));
    EXPECT_THAT(refusal_of_weight("dims: 1099511627776 data_type: 1"), HasSubstr("float_data has 0 values"));
    EXPECT_THAT(refusal_of_weight("dims: 1 data_type: 1 raw_data: '1234' float_data: 1"),
                HasSubstr("both raw_data and float_data"));
}

TEST(ImportRefuses, ValuesThatDoNotFitTheirElementType) {
    EXPECT_THAT(refusal_of_weight("dims: 1 data_type: 3 int32_data: 128"), HasSubstr("value 128 does not fit"));
    EXPECT_THAT(refusal_of_weight("dims: 1 data_type: 2 int32_data: -1"), HasSubstr("value -1 does not fit"));
    EXPECT_THAT(refusal_of_weight("dims: 1 data_type: 9 int32_data: 2"), HasSubstr("value 2 does not fit"));
    EXPECT_THAT(refusal_of_weight("dims: 1 data_type: 9 raw_data: '\\002'"), HasSubstr("bool value 2"));
}

TEST(ImportRefuses, NamesThatAreMissingOrUsedTwice) {
    EXPECT_THAT(refusal(x_to_y() + "node { op_type: 'Relu' name: 'r' input: 'ghost' output: 'y' }"),
                HasSubstr("Relu node 'r' reads 'ghost', which nothing produces"));
    EXPECT_THAT(refusal(x_to_y() + kRefusalRelu + kRefusalRelu), HasSubstr("'y' is defined twice"));
    EXPECT_THAT(refusal(x_to_y()), HasSubstr("graph output 'y' is not produced"));
    const std::string w = "initializer { name: 'w' dims: 1 data_type: 1 float_data: 1 } ";
    EXPECT_THAT(refusal(x_to_y() + kRefusalRelu + w + w), HasSubstr("'w' is defined twice"));
    EXPECT_THAT(refusal(x_to_y() + kRefusalRelu + "initializer { dims: 1 data_type: 1 float_data: 1 } "),
                HasSubstr("no name"));
    EXPECT_THAT(
        refusal(x_to_y() + "node { op_type: 'Relu' name: 'r' input: 'x' output: 'y' attribute { name: 'a' type: INT } "
                           "attribute { name: 'a' type: INT } }"),
        HasSubstr("'a' is given twice"));
}

TEST(ImportRefuses, Cycles) {
    EXPECT_THAT(refusal(x_to_y() + "node { op_type: 'Add' name: 'a' input: 'x' input: 'b' output: 'y' } "
                                   "node { op_type: 'Relu' name: 'back' input: 'y' output: 'b' }"),
                HasSubstr("cycle"));
}

TEST(ImportRefuses, InputsThatAreNoTensorsOfKnownShape) {
    EXPECT_THAT(refusal("input { name: 'x' type { tensor_type { elem_type: 1 } } } " +
                        value_text("output", "y", {"1"}) + kRefusalRelu),
                HasSubstr("declares no shape"));
    EXPECT_THAT(
        refusal("input { name: 'x' type { sequence_type { } } } " + value_text("output", "y", {"1"}) + kRefusalRelu),
        HasSubstr("graph input 'x' is not a tensor"));
    EXPECT_THAT(
        refusal(value_text("input", "x", {"1"}) + "output { name: 'y' type { optional_type { } } } " + kRefusalRelu),
        HasSubstr("graph output 'y' is not a tensor"));
}

TEST(ImportRefuses, ConstantsItCannotRepresent) {
    const auto constant = [](const std::string& attribute) {
        return refusal(x_to_y({"1"}) +
                       "node { op_type: 'Mul' input: 'x' input: 'c' output: 'y' } "
                       "node { op_type: 'Constant' name: 'k' output: 'c' " +
                       attribute + " }");
    };
    EXPECT_THAT(constant("attribute { name: 'value_string' type: STRING s: 'a' }"),
                AllOf(HasSubstr("Constant node 'k'"), HasSubstr("'value_string' is not supported")));
    EXPECT_THAT(constant(""), HasSubstr("one output and one attribute"));
    EXPECT_THAT(constant("attribute { name: 'value_int' type: FLOAT f: 1 }"),
                HasSubstr("'value_int' is not supported"));
}

TEST(ImportRefuses, NamesThatAreNotPrintableText) {
    // Lone continuation byte, overlong slash, surrogate, line break, U+009B (which begins a terminal's command): they
    // would break JSON, YAML or a terminal.
    for (const char* name : {"\\200", "\\300\\257", "\\355\\240\\200", "a\\nb", "\\302\\2332J"}) {
        EXPECT_THAT(refusal(x_to_y() + "node { op_type: 'Relu' name: '" + name + "' input: 'x' output: 'y' }"),
                    HasSubstr("not printable UTF-8"))
            << name;
    }
    EXPECT_EQ(refusal(x_to_y() + "node { op_type: 'Relu' name: 'größe/層' input: 'x' output: 'y' }"), "");
}

}  // namespace
}  // namespace halftone::test
