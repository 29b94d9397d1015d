// Completion and man page. Both walk the command line as CLI11 holds it, so that a new option is in them by itself.
//
//   option_names            "--json", "-v" of a command, with the program's own options that stand behind it
//   bash_script, zsh_script
//   man_page                the commands in order, each with options and footer
#include "manual.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"

namespace halftone::app {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) { return app.get_subcommands({}); }

/// All spellings of the options of a command.
std::vector<std::string> option_names(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options()) {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
        for (const std::string& name : option->get_snames()) names.push_back("-" + name);
    }
    return names;
}

/// In the order in which --help shows them.
std::vector<std::string> command_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* command : commands_of(app)) names.push_back(command->get_name());
    return names;
}

/// Files are completed by the shell where no option is begun.
std::string bash_script(const CLI::App& app) {
    std::string cases;
    for (const CLI::App* command : commands_of(app)) {
        std::vector<std::string> options = option_names(*command);
        const std::vector<std::string> common = option_names(app);
        options.insert(options.end(), common.begin(), common.end());
        cases += fmt::format("        {}) options='{}' ;;\n", command->get_name(), join(options, " "));
    }
    return fmt::format(R"(# Completion of halftone for bash:  source <(halftone completion bash)
_halftone() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" command='' options='' i
    for ((i = 1; i < COMP_CWORD; ++i)); do
        case "${{COMP_WORDS[i]}}" in
        -*) ;;
        *) command="${{COMP_WORDS[i]}}"; break ;;
        esac
    done
    if [[ -z $command ]]; then
        mapfile -t COMPREPLY < <(compgen -W '{} {}' -- "$word")
        return
    fi
    if [[ $word == -* ]]; then
        case "$command" in
{}        esac
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    elif [[ $command == completion ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'bash zsh' -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}}
complete -o filenames -F _halftone halftone
)",
                       join(command_names(app), " "), join(option_names(app), " "), cases);
}

/// A text in zsh's quotes, where ':' and brackets of _arguments mean something.
std::string zsh_text(const std::string& text) {
    std::string quoted;
    for (const char c : text) {
        if (c == '\'') {
            quoted += "'\\''";
        } else if (c == ':' || c == '[' || c == ']' || c == '\\') {
            quoted += '\\';
            quoted += c;
        } else {
            quoted += c == '\n' ? ' ' : c;
        }
    }
    return quoted;
}

/// "*" in front lets an option stand more than once; which ones may is the program's to say.
std::string zsh_options(const CLI::App& command) {
    std::string lines;
    for (const CLI::Option* option : command.get_options()) {
        const bool takes_value = option->get_items_expected_max() > 0;
        std::vector<std::string> names;
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
        for (const std::string& name : option->get_snames()) names.push_back("-" + name);
        for (const std::string& name : names) {
            lines += fmt::format("            '*{}[{}]{}' \\\n", name, zsh_text(option->get_description()),
                                 takes_value ? ":" + zsh_text(option->get_type_name()) + ":_files" : "");
        }
    }
    return lines;
}

/// Commands with their descriptions, then the options of each with theirs.
std::string zsh_script(const CLI::App& app) {
    std::string commands;
    std::string cases;
    for (const CLI::App* command : commands_of(app)) {
        commands += fmt::format("        '{}:{}'\n", command->get_name(), zsh_text(command->get_description()));
        const std::string operand = command->get_name() == "completion" ? "(bash zsh)" : "_files";
        cases += fmt::format("        {})\n            _arguments \\\n{}{}            '*:operand:{}'\n            ;;\n",
                             command->get_name(), zsh_options(*command), zsh_options(app), operand);
    }
    return fmt::format(R"(#compdef halftone
# Completion of halftone for zsh:  halftone completion zsh > a folder of $fpath, as _halftone
_halftone() {{
    local -a commands
    commands=(
{}    )
    if (( CURRENT == 2 )); then
        _describe 'command' commands
        return
    fi
    local command="${{words[2]}}"
    shift words
    (( CURRENT-- ))
    case "$command" in
{}    esac
}}
if [[ "${{funcstack[1]}}" == _halftone ]]; then _halftone "$@"; else compdef _halftone halftone; fi
)",
                       commands, cases);
}

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

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
    return shell == "zsh" ? zsh_script(app) : bash_script(app);
}

std::string man_page(const CLI::App& app, const std::string& version) {
    std::string page = fmt::format(".TH HALFTONE 1 \"\" \"halftone {}\" \"User commands\"\n", version);
    page += ".SH NAME\nhalftone \\- quantizes ONNX models within an accuracy goal\n";
    page += ".SH SYNOPSIS\n.B halftone\n.I COMMAND\n[\\fIOPTIONS\\fR]\n";
    page += ".SH DESCRIPTION\n" + roff_text(app.get_description()) + "\n";
    page += ".SH OPTIONS OF ALL COMMANDS\n" + roff_options(app);
    page += ".SH COMMANDS\n";
    for (const CLI::App* command : commands_of(app)) {
        page += fmt::format(".SS {}\n{}\n", command->get_name(), roff_text(command->get_description()));
        page += roff_options(*command) + roff_footer(*command);
    }
    page += ".SH EXIT STATUS\n";
    for (const auto& [code, meaning] :
         {std::pair{"0", "The work is done; a search met its goal."},
          {"2", "The command line or the config is wrong; the message names the place and what is allowed."},
          {"3", "The model or the data are refused."},
          {"4", "The file system or the workspace is at fault."},
          {"5", "Messages between ranks failed."},
          {"6", "The goal was not met; the best model that failed is delivered."},
          {"70", "This is a bug of ours."},
          {"75", "A signal stopped the run; \\-\\-resume goes on."}}) {
        page += fmt::format(".TP\n.B {}\n{}\n", code, meaning);
    }
    return page;
}

}  // namespace halftone::app
