// Completion scripts have every command, and behind a command every option of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "command_lines.hpp"

namespace halftone::cli {
namespace {

using test::request_of;
using test::spellings;
using testing::HasSubstr;

TEST(Completion, OfBashHasEveryCommandAndOption) {
    CommandLine line;
    const std::string script = request_of({"completion", "bash"}).text;
    const std::size_t first = script.find("compgen -W '");
    const std::string words = " " + script.substr(first + 12, script.find('\'', first + 12) - first - 12) + " ";
    for (const CommandRow& command : command_rows(line)) {
        EXPECT_THAT(words, HasSubstr(" " + command.name + " "));
        const std::size_t begin = script.find("        " + command.name + ") options='");
        ASSERT_NE(begin, std::string::npos) << command.name;
        std::string options = script.substr(begin, script.find('\n', begin) - begin);
        for (char& c : options) c = c == '\'' ? ' ' : c;
        std::vector<OptionRow> rows = command.options;
        for (const OptionRow& row : common_rows(line)) rows.push_back(row);
        for (const OptionRow& row : rows)
            for (const std::string& name : spellings(row))
                EXPECT_THAT(options, HasSubstr(" " + name + " ")) << command.name;
    }
}

TEST(Completion, OfZshHasEveryCommandAndOption) {
    CommandLine line;
    const std::string script = request_of({"completion", "zsh"}).text;
    for (const CommandRow& command : command_rows(line)) {
        EXPECT_THAT(script, HasSubstr("        '" + command.name + ":"));
        const std::size_t begin = script.find("        " + command.name + ")\n");
        ASSERT_NE(begin, std::string::npos) << command.name;
        const std::string options = script.substr(begin, script.find(";;", begin) - begin);
        for (const OptionRow& row : command.options)
            for (const std::string& name : spellings(row))
                EXPECT_THAT(options, HasSubstr("'*" + name + "[")) << command.name;
    }
}

TEST(Completion, ColonsAndBracketsOfZshAreEscaped) {
    const std::string script = request_of({"completion", "zsh"}).text;
    EXPECT_THAT(script, HasSubstr(R"(:N\[KMGT\]:_files)")) << "the value of --max-bytes";
    EXPECT_THAT(script, HasSubstr(R"(a glob or re\:REGEX)"));
    EXPECT_THAT(script, HasSubstr(R"(orders a dump'\''s units)"));
}

}  // namespace
}  // namespace halftone::cli
