// Completion for shells. It walks the command line as CLI11 holds it, so that a new option is in it by itself.
//
//   option_names              "--json", "-v" of a command
//   bash_script, zsh_script   the options of a command, and the program's own options, which may stand behind it
#include "cli/completion.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <vector>

#include "base/text.hpp"

namespace halftone::cli {
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

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
    return shell == "zsh" ? zsh_script(app) : bash_script(app);
}

}  // namespace halftone::cli
