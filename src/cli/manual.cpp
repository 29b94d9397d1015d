// The man page. It walks the command line as CLI11 holds it, so that a new option is in it by itself.
//
//   roff_text, roff_options, roff_footer   pieces in the language of man
//   exit_codes                             the section EXIT STATUS
//   man_page                               the commands in order, each with options and footer
#include "cli/manual.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <utility>
#include <vector>

#include "base/text.hpp"

namespace halftone::cli {
namespace {

/// A text in the language of man: its escapes, and no line that begins with a control character.
std::string roff_text(const std::string& text) {
    // A hyphen would become a typographic one, which nobody can copy into a terminal.
    std::string escaped;
    bool begins_line = true;
    for (const char c : text) {
        if (begins_line && (c == '.' || c == '\'')) escaped += "\\&";
        if (c == '\\')
            escaped += "\\e";
        else if (c == '-')
            escaped += "\\-";
        else
            escaped += c;
        begins_line = c == '\n';
    }
    return escaped;
}

/// Operands have no name, so their kind of value stands for them.
std::string roff_options(const CLI::App& command) {
    std::string text;
    for (const CLI::Option* option : command.get_options()) {
        std::vector<std::string> names;
        for (const std::string& name : option->get_snames()) names.push_back("-" + name);
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
        const bool is_operand = names.empty();
        if (is_operand) names.push_back(option->get_type_name());
        const bool takes_value = !is_operand && option->get_items_expected_max() > 0;
        text += fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", roff_text(join(names, ", ")),
                            takes_value ? " \\fI" + roff_text(option->get_type_name()) + "\\fR" : "",
                            roff_text(option->get_description()));
    }
    return text;
}

/// Examples keep their lines.
std::string roff_footer(const CLI::App& command) {
    const std::string footer = command.get_footer();
    return footer.empty() ? "" : fmt::format(".PP\n.nf\n{}\n.fi\n", roff_text(footer));
}

/// The section EXIT STATUS; base/error.hpp has the same codes.
std::string exit_codes() {
    std::string text = ".SH EXIT STATUS\n";
    for (const auto& [code, meaning] :
         {std::pair{"0", "The work is done; a search met its goal."},
          {"2", "The command line or the config is wrong; the message names the place and what is allowed."},
          {"3", "The model or the data are refused."},
          {"4", "The file system or the workspace is at fault."},
          {"5", "Messages between ranks failed."},
          {"6", "The goal was not met; the best model that failed is delivered."},
          {"70", "This is a bug of ours."},
          {"75", "A signal stopped the run; \\-\\-resume goes on."}}) {
        text += fmt::format(".TP\n.B {}\n{}\n", code, meaning);
    }
    return text;
}

}  // namespace

std::string man_page(const CLI::App& app, const std::string& version) {
    std::string page = fmt::format(".TH HALFTONE 1 \"\" \"halftone {}\" \"User commands\"\n", version);
    page += ".SH NAME\nhalftone \\- quantizes ONNX models within an accuracy goal\n";
    page += ".SH SYNOPSIS\n.B halftone\n.I COMMAND\n[\\fIOPTIONS\\fR]\n";
    page += ".SH DESCRIPTION\n" + roff_text(app.get_description()) + "\n";
    page += ".SH OPTIONS OF ALL COMMANDS\n" + roff_options(app);
    page += ".SH COMMANDS\n";
    for (const CLI::App* command : app.get_subcommands({})) {
        page += fmt::format(".SS {}\n{}\n", command->get_name(), roff_text(command->get_description()));
        page += roff_options(*command) + roff_footer(*command);
    }
    page += exit_codes();
    return page;
}

}  // namespace halftone::cli
