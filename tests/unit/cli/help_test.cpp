// The help texts: each command's names all of its options, and the program's names all commands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "command_lines.hpp"

namespace halftone::cli {
namespace {

using test::request_of;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Help, OfTheProgramListsEveryCommandInOrder) {
    CommandLine line;
    const std::string text = request_of({"--help"}).text;
    EXPECT_THAT(text, StartsWith("Halftone turns a trained fp32 ONNX model into a quantized one"));
    std::size_t at = text.find("Subcommands:");
    for (const CommandRow& command : command_rows(line)) {
        const std::size_t found = text.find("\n  " + command.name + " ", at);
        ASSERT_NE(found, std::string::npos) << command.name;
        EXPECT_THAT(text.substr(found, 200), HasSubstr(command.help));
        at = found;
    }
    for (const OptionRow& option : common_rows(line)) EXPECT_THAT(text, HasSubstr("  " + option.name + " "));
}

TEST(Help, OfACommandNamesEveryOptionAndEndsWithItsFooter) {
    CommandLine line;
    for (const CommandRow& command : command_rows(line)) {
        const Request request = request_of({command.name, "--help"});
        EXPECT_EQ(request.command, "") << "help runs nothing";
        EXPECT_THAT(request.text, StartsWith(command.help + "\nUsage: halftone " + command.name));
        EXPECT_THAT(request.text, EndsWith(command.footer + "\n"));
        for (const OptionRow& option : command.options) {
            const std::string shown = option.type.empty() ? option.name : option.name + " " + option.type;
            EXPECT_THAT(request.text, HasSubstr("\n  " + shown)) << command.name;
            EXPECT_THAT(request.text, HasSubstr(option.help)) << command.name;
        }
    }
}

TEST(Help, NamesWordsLimitsAndWhatBelongsTogether) {
    const std::string bench = request_of({"bench", "--help"}).text;
    EXPECT_THAT(bench, HasSubstr("--precision WORD:{as-is,fp32,int8,bf16} Excludes: --plan\n"));
    EXPECT_THAT(bench, HasSubstr("--plan best.yaml Excludes: --precision\n"));
    EXPECT_THAT(request_of({"tune", "--help"}).text, HasSubstr("--json Needs: --dry-run "));
    EXPECT_THAT(request_of({"dump", "--help"}).text, HasSubstr("--gzip LEVEL:INT in [0 - 9]"));
    EXPECT_THAT(request_of({"dump", "--help"}).text, HasSubstr("--samples N REQUIRED"));
    EXPECT_THAT(request_of({"completion", "-h"}).text, HasSubstr("shell bash|zsh:{bash,zsh} REQUIRED"));
}

// They are read alone, in the man page and in completions.
TEST(Help, TextsAreSentences) {
    CommandLine line;
    std::vector<OptionRow> options = common_rows(line);
    for (const CommandRow& command : command_rows(line)) {
        EXPECT_THAT(command.help, EndsWith(command.name == "certify" ? ")." : ".")) << command.name;
        options.insert(options.end(), command.options.begin(), command.options.end());
    }
    for (const OptionRow& option : options) {
        EXPECT_THAT(option.help, EndsWith(".")) << option.name;
        EXPECT_TRUE(option.help.front() >= 'A' && option.help.front() <= 'Z') << option.name;
    }
}

TEST(Help, TheVersionIsPrinted) { EXPECT_EQ(request_of({"--version"}).text, "halftone 1.2.3\n"); }

}  // namespace
}  // namespace halftone::cli
