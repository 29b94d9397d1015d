// The man page has every command and every option.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "command_lines.hpp"

namespace halftone::cli {
namespace {

using test::request_of;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A text as the man page has it: hyphens and backslashes are escaped.
std::string in_roff(const std::string& text) {
    std::string escaped;
    for (const char c : text) escaped += c == '-' ? "\\-" : c == '\\' ? "\\e" : std::string(1, c);
    return escaped;
}

/// The part of the page about one command.
std::string section_of(const std::string& page, const std::string& command) {
    const std::size_t begin = page.find(".SS " + command + "\n");
    EXPECT_NE(begin, std::string::npos) << command;
    return page.substr(begin, page.find("\n.S", begin + 1) - begin);
}

TEST(Manual, HasEveryOptionOfEveryCommandWithItsText) {
    CommandLine line;
    const std::string page = request_of({"man"}).text;
    EXPECT_THAT(page, StartsWith(".TH HALFTONE 1 \"\" \"halftone 1.2.3\""));
    for (const CommandRow& command : command_rows(line)) {
        const std::string section = section_of(page, command.name);
        EXPECT_THAT(section, HasSubstr(in_roff(command.help)));
        for (const OptionRow& option : command.options) {
            // An operand has no name: what stands for its value names it, and the words that it may be.
            const bool is_operand = test::spellings(option).empty();
            const std::string name = is_operand ? in_roff(option.type) : in_roff(option.name) + "\\fR";
            EXPECT_THAT(section, HasSubstr("\\fB" + name));
            EXPECT_THAT(section, HasSubstr("\n" + in_roff(option.help) + "\n")) << command.name << option.name;
        }
    }
    const std::string common = page.substr(0, page.find(".SH COMMANDS"));
    for (const OptionRow& option : common_rows(line)) {
        for (const std::string& name : test::spellings(option)) EXPECT_THAT(common, HasSubstr(in_roff(name)));
        EXPECT_THAT(common, HasSubstr(in_roff(option.help)));
    }
}

TEST(Manual, NamesEveryExitCode) {
    const std::string page = request_of({"man"}).text;
    for (const char* code : {"0", "2", "3", "4", "5", "6", "70", "75"})
        EXPECT_THAT(page, HasSubstr(std::string(".TP\n.B ") + code + "\n"));
}

// A line that begins with a dot or an apostrophe would be a command to man.
TEST(Manual, ExamplesKeepTheirLines) {
    const std::string page = request_of({"man"}).text;
    EXPECT_THAT(page, HasSubstr(".nf\nExamples:\n  halftone tune configs/demo/tune.yaml \\-\\-dry\\-run"));
    EXPECT_THAT(page, Not(HasSubstr("\n'")));
}

}  // namespace
}  // namespace halftone::cli
