// The table of commands as a parser of CLI11.
//
//   add_option, OptionAdder   one row of the table, by the kind of its target
//   relate_options            needs and excludes, when all options of the command are there
//   add_command               one command with its options and footer
//   parse_command_line        parses, and answers by itself what is about the program: help, version, completion, man
#include "cli/parser.hpp"

#include <CLI/CLI.hpp>

#include <limits>
#include <map>
#include <sstream>
#include <utility>

#include "base/text.hpp"
#include "cli/command_rows.hpp"
#include "cli/completion.hpp"
#include "cli/manual.hpp"
#include "cli/usage_message.hpp"

namespace halftone::cli {
namespace {

/// Says why a text is not a number that the target can hold; nothing if it is one. CLI11 alone would cut numbers that
/// are too large, and name no kind of value for a text that is none.
template <class Value>
std::string whole_number_fault(const std::string& text) {
    const std::size_t digits = text.starts_with('-') ? 1 : 0;
    const bool is_whole = text.size() > digits && text.find_first_not_of("0123456789", digits) == std::string::npos;
    if (!is_whole) return "'" + text + "' is not a whole number";
    const auto number = parse_int(text);
    if (number && std::in_range<Value>(*number)) return {};
    const Value limit = digits == 1 ? std::numeric_limits<Value>::min() : std::numeric_limits<Value>::max();
    return "'" + text + "' is " + (digits == 1 ? "below " : "above ") + std::to_string(limit) +
           ", the limit of this option";
}

/// Adds an option to a command, with what the kind of its target asks for.
struct OptionAdder {
    CLI::App& command;
    const OptionRow& row;

    CLI::Option* operator()(bool* target) const { return command.add_flag(row.name, *target, row.help); }
    // A repeated option takes one value each time: a second one would swallow an operand behind it.
    CLI::Option* operator()(std::vector<std::string>* target) const {
        CLI::Option* option = command.add_option(row.name, *target, row.help);
        if (!row.takes_several) option->expected(1)->take_all()->allow_extra_args(false);
        return option;
    }
    CLI::Option* operator()(std::string* target) const { return command.add_option(row.name, *target, row.help); }
    template <class Number>
    CLI::Option* operator()(Number* target) const {
        return command.add_option(row.name, *target, row.help)->check(whole_number_fault<Number>);
    }
};

CLI::Option* add_option(CLI::App& command, const OptionRow& row) {
    CLI::Option* option = std::visit(OptionAdder{command, row}, row.target);
    if (row.is_required) option->required();
    // The order counts: a check shows in the help text behind the name of the type.
    if (!row.words.empty()) option->check(CLI::IsMember(row.words));
    if (row.limits) option->check(CLI::Range(row.limits->first, row.limits->second));
    if (row.fault) option->check(row.fault);
    if (!row.type.empty()) option->type_name(row.type);
    return option;
}

/// A row may name an option that stands behind it, so this comes when all are there.
void relate_options(CLI::App& command, const std::vector<OptionRow>& rows) {
    for (const OptionRow& row : rows) {
        if (row.needs.empty() && row.excludes.empty()) continue;
        CLI::Option* option = command.get_option(row.name);
        for (const std::string& name : row.needs) option->needs(command.get_option(name));
        for (const std::string& name : row.excludes) option->excludes(command.get_option(name));
    }
}

void add_command(CLI::App& app, const CommandRow& row) {
    CLI::App* command = app.add_subcommand(row.name, row.help);
    for (const OptionRow& option : row.options) add_option(*command, option);
    relate_options(*command, row.options);
    if (row.further != nullptr) {
        // Options of all commands fall through to the program, and with them the words that nobody knows. So it is the
        // program that must let them pass, but only those behind this command.
        command->preparse_callback([&app](std::size_t) {
            if (app.remaining_size() == 0) app.allow_extras();
        });
    }
    if (!row.footer.empty()) command->footer(row.footer);
}

/// What CLI11 prints for --help and --version.
std::string text_of(const CLI::App& app, const CLI::Success& request) {
    std::ostringstream text;
    (void)app.exit(request, text, text);
    return text.str();
}

}  // namespace

Request parse_command_line(int argc, const char* const* argv, const ProgramFacts& program) {
    Request request;
    CLI::App app(
        "Halftone turns a trained fp32 ONNX model into a quantized one that loses no more accuracy than you allow.");
    app.name("halftone");
    app.require_subcommand(1);  // without one, usage is an error (2), not a help text
    app.set_version_flag("--version", program.version_text);
    for (const OptionRow& row : common_rows(request.line)) add_option(app, row);
    app.fallthrough();  // -v, -q and --memory may stand behind the command, too
    app.footer("'halftone COMMAND --help' shows a command's options and examples.");
    const std::vector<CommandRow> rows = command_rows(request.line);
    for (const CommandRow& row : rows) add_command(app, row);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& asked) {
        request.text = text_of(app, asked);
        return request;
    } catch (const CLI::ParseError& error) {
        request.fault = usage_message(app, error);
        return request;
    }
    const CLI::App& command = *app.get_subcommands().front();
    for (const CommandRow& row : rows) {
        if (row.name == command.get_name() && row.further != nullptr) *row.further = app.remaining();
    }
    if (command.get_name() == "completion") {
        request.text = completion_script(app, request.line.shell);
    } else if (command.get_name() == "man") {
        request.text = man_page(app, program.version);
    } else {
        request.command = command.get_name();
    }
    return request;
}

}  // namespace halftone::cli
