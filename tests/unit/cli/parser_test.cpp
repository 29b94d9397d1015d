// What a command line asks for: values in their structs, and what is said of a wrong one.
#include "cli/parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "command_lines.hpp"

namespace halftone::cli {
namespace {

using test::request_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string fault_of(const std::vector<std::string>& words) {
    const Request request = request_of(words);
    EXPECT_EQ(request.command, "") << "a wrong command line runs nothing";
    EXPECT_EQ(request.text, "");
    return request.fault;
}

TEST(CommandLineParser, ValuesReachTheirStruct) {
    const Request request =
        request_of({"bench", "m.onnx", "--precision", "int8", "--batch", "16", "--threads=2", "--json", "--shape",
                    "x=1,3", "--shape", "y=2", "--dim", "N=3", "--inputs", "a,b"});
    EXPECT_EQ(request.fault, "");
    EXPECT_EQ(request.command, "bench");
    const BenchOptions& bench = request.line.bench;
    EXPECT_EQ(bench.model, "m.onnx");
    EXPECT_EQ(bench.precision, "int8");
    EXPECT_EQ(bench.batch, 16);
    EXPECT_EQ(bench.threads, 2);
    EXPECT_EQ(bench.rounds, 15) << "the default";
    EXPECT_TRUE(bench.as_json);
    EXPECT_FALSE(bench.on_demand);
    EXPECT_THAT(bench.sizes.shapes, ElementsAre("x=1,3", "y=2"));
    EXPECT_THAT(bench.sizes.dims, ElementsAre("N=3"));
    EXPECT_THAT(bench.part.inputs, ElementsAre("a,b"));
    EXPECT_THAT(bench.part.outputs, IsEmpty());
}

// Commands have options of the same name: each value must arrive in the struct of the command that was named.
TEST(CommandLineParser, EveryCommandFillsItsOwnStruct) {
    EXPECT_EQ(request_of({"init", "m", "--data", "d"}).line.init.data, "d");
    EXPECT_TRUE(request_of({"doctor", "--json"}).line.doctor.as_json);
    EXPECT_EQ(request_of({"eval", "c", "--save-inputs", "d"}).line.eval.inputs, "d");
    EXPECT_EQ(request_of({"import", "s", "--output", "o"}).line.import.output, "o");
    EXPECT_TRUE(request_of({"inspect", "m", "--units"}).line.inspect.shows_units);
    EXPECT_THAT(request_of({"run", "m", "--input", "x", "--output", "o"}).line.run.inputs, ElementsAre("x"));
    EXPECT_EQ(request_of({"quantize", "m", "--plan", "p", "--output", "o"}).line.quantize.plan, "p");
    EXPECT_EQ(request_of({"report", "f", "--rank", "mse"}).line.report.rank, "mse");
    EXPECT_TRUE(request_of({"tune", "c", "--dry-run", "--json"}).line.tune.as_json);
}

TEST(CommandLineParser, ARepeatedOptionTakesOneWordEachTime) {
    const Request tune = request_of({"tune", "--set", "a=1", "c.yaml", "--set", "b=2"});
    EXPECT_EQ(tune.line.tune.config, "c.yaml");
    EXPECT_THAT(tune.line.tune.overrides, ElementsAre("a=1", "b=2"));
    const Request dump = request_of({"dump", "c", "--units", "a", "b", "--samples", "3", "--output", "o"});
    EXPECT_THAT(dump.line.dump.units, ElementsAre("a", "b")) << "only --units takes several";
    EXPECT_EQ(dump.line.dump.samples, 3);
}

TEST(CommandLineParser, CommonOptionsStandBeforeAndBehindTheCommand) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"-v", "--memory", "1GiB", "tune", "c"}, {"tune", "c", "-v", "--memory", "1GiB"}}) {
        const Request request = request_of(words);
        EXPECT_EQ(request.command, "tune");
        EXPECT_TRUE(request.line.is_verbose);
        EXPECT_EQ(request.line.memory, "1GiB");
    }
}

// As scripts/certify.py gets them: its options stand in that script only.
TEST(CommandLineParser, CertifyHandsFurtherWordsOn) {
    const Request request = request_of({"certify", "out/best.onnx", "--batch", "50", "--json"});
    EXPECT_EQ(request.fault, "");
    EXPECT_EQ(request.command, "certify");
    EXPECT_EQ(request.line.certify.model, "out/best.onnx");
    EXPECT_THAT(request.line.certify.further, ElementsAre("--batch", "50", "--json"));
    const Request quiet = request_of({"certify", "out/best.onnx", "-q"});
    EXPECT_TRUE(quiet.line.is_quiet);
    EXPECT_THAT(quiet.line.certify.further, IsEmpty());
    EXPECT_THAT(fault_of({"nonsense", "certify", "out/best.onnx"}), HasSubstr("nonsense"));
}

TEST(CommandLineParser, AWrongOptionIsNamedWithTheOneThatWasMeant) {
    EXPECT_EQ(fault_of({"tune", "c", "--jsn"}),
              "The following argument was not expected: --jsn; did you mean '--json'? (see halftone tune --help)");
    EXPECT_EQ(fault_of({"report", "--nonsense", "f"}),
              "The following argument was not expected: --nonsense (see halftone report --help)");
    EXPECT_EQ(fault_of({"tune", "--nonsense"}),
              "config is required; '--nonsense' is unknown (see halftone tune --help)");
    EXPECT_EQ(fault_of({"tunee", "c"}), "'tunee' is no command (see halftone --help)");
    EXPECT_EQ(fault_of({}), "a command is missing (see halftone --help)");
}

// An empty path is that of a variable of the shell that is not set. Without data, init writes a config for noise.
TEST(CommandLineParser, InitRefusesDataWithoutAPath) {
    EXPECT_THAT(fault_of({"init", "m.onnx", "--data", ""}), HasSubstr("--data: the path is empty"));
    EXPECT_EQ(request_of({"init", "m.onnx"}).fault, "");
}

TEST(CommandLineParser, EveryCommandRefusesAnUnknownOption) {
    CommandLine line;
    for (const CommandRow& command : command_rows(line)) {
        if (command.further != nullptr) continue;
        EXPECT_THAT(
            fault_of({command.name, "--no-such-option"}),
            testing::AllOf(HasSubstr("--no-such-option"), HasSubstr("(see halftone " + command.name + " --help)")))
            << command.name;
    }
}

TEST(CommandLineParser, AWrongValueIsNamed) {
    EXPECT_THAT(fault_of({"bench", "m", "--precision", "int4"}),
                HasSubstr("--precision: int4 not in {as-is,fp32,int8"));
    EXPECT_THAT(fault_of({"bench", "m", "--batch", "x"}), HasSubstr("--batch: 'x' is not a whole number"));
    EXPECT_THAT(fault_of({"dump", "c", "--units", "a", "--samples", "3", "--output", "o", "--gzip", "12"}),
                HasSubstr("--gzip"));
    EXPECT_THAT(fault_of({"--memory", "12q", "man"}), HasSubstr("'12q' is no number of bytes"));
    EXPECT_THAT(fault_of({"completion", "fish"}), HasSubstr("fish not in {bash,zsh}"));
    EXPECT_THAT(fault_of({"--log-level", "loud", "man"}), HasSubstr("loud not in"));
}

TEST(CommandLineParser, ANumberThatIsNoneOrTooLargeIsNamedAsItWasGiven) {
    for (const char* text : {"1.5", "0x10", "-", "", "1e3", " 4", "4 "}) {
        EXPECT_THAT(fault_of({"bench", "m", "--batch", text}), HasSubstr(std::string("'") + text + "'")) << text;
    }
    const std::string huge = "99999999999999999999";
    EXPECT_THAT(fault_of({"dump", "c", "--units", "a", "--output", "o", "--samples", huge}),
                HasSubstr("--samples: '" + huge + "' is above 9223372036854775807"));
    EXPECT_THAT(fault_of({"bench", "m", "--rounds", "3000000000"}), HasSubstr("'3000000000' is above 2147483647"));
    EXPECT_EQ(request_of({"bench", "m", "--batch", "-3"}).line.bench.batch, -3) << "the command refuses it";
}

TEST(CommandLineParser, OptionsThatNeedOrExcludeOthersSaySo) {
    EXPECT_THAT(fault_of({"tune", "c", "--json"}), HasSubstr("--json requires --dry-run"));
    EXPECT_THAT(fault_of({"bench", "m", "--plan", "p", "--precision", "int8"}), HasSubstr("excludes"));
    EXPECT_THAT(fault_of({"bench", "m", "--plan", "p", "--save-plan", "q"}), HasSubstr("requires --autotune"));
    EXPECT_THAT(fault_of({"bench", "m", "--autotune", "--save-plan", "q"}), HasSubstr("requires --plan"));
    EXPECT_THAT(
        fault_of({"dump", "c", "--units", "a", "--samples", "3", "--output", "o", "--trial", "w:1", "--plan", "p"}),
        HasSubstr("excludes"));
}

}  // namespace
}  // namespace halftone::cli
