#pragma once
// The command line as a table: one row for each command, and in it one row for each option. Help texts, the man page
// and the completions are made of these rows.
//
// A help text begins with a verb whose subject is the option, or says what the value is. The man page consists of these
// texts, so each of them must be understood alone.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cli/options.hpp"

namespace halftone::cli {

/// The variable for the value of an option; its type says how the text is read. A bool is a flag: the option has no
/// value. A list takes one text each time the option is given.
using OptionTarget = std::variant<bool*, std::string*, std::vector<std::string>*, int*, std::int64_t*>;

/// One option of a command, or one operand: a value that stands without a name.
struct OptionRow {
    std::string name{};  ///< "--json" or "-v,--verbose"; an operand has no dashes: "config"
    OptionTarget target{};
    std::string type{};  ///< the word for the value in help texts, such as "DIR"; empty for a flag
    std::string help{};
    bool is_required = false;
    bool takes_several = false;                   ///< of a list: one option may have several values, as in --units a b
    std::vector<std::string> words{};             ///< the values that are allowed; empty: any
    std::optional<std::pair<int, int>> limits{};  ///< the smallest and the largest number that are allowed
    /// Returns the fault of a value, or an empty text if it is right; null: every value is right.
    std::function<std::string(const std::string&)> fault{};
    std::vector<std::string> needs{};     ///< options without which this one is refused
    std::vector<std::string> excludes{};  ///< options together with which this one is refused
};

struct CommandRow {
    std::string name{};
    std::string help{};
    std::vector<OptionRow> options{};  ///< in the order of the help text; operands are filled in this order
    std::string footer{};              ///< examples and further remarks; empty: none
    /// Takes the words that no option explains, as they are; null: such words are refused.
    std::vector<std::string>* further = nullptr;
};

/// Returns all commands in the order in which --help shows them. @param line  outlives the rows, which write to it
[[nodiscard]] std::vector<CommandRow> command_rows(CommandLine& line);

/// Returns the options that stand before or behind every command. @param line  as above
[[nodiscard]] std::vector<OptionRow> common_rows(CommandLine& line);

// The commands by subject; each has its own file rows_*.cpp. @param line  as above
[[nodiscard]] std::vector<CommandRow> rows_of_first_steps(CommandLine& line);  ///< init … man
[[nodiscard]] std::vector<CommandRow> rows_of_accuracy(CommandLine& line);     ///< tune, eval
[[nodiscard]] std::vector<CommandRow> rows_of_models(CommandLine& line);       ///< import … quantize
[[nodiscard]] std::vector<CommandRow> rows_of_results(CommandLine& line);      ///< dump, report

}  // namespace halftone::cli
