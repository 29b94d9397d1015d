// The command import: a framework's model as an ONNX file.
#include "import/import_model.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/log.hpp"
#include "base/output_file.hpp"
#include "base/text.hpp"
#include "commands.hpp"
#include "import/source.hpp"

namespace halftone::app {
namespace {

/// "A,B" and repeated options alike. @param option  its name, for messages
std::vector<std::string> names_of(const std::string& option, const std::vector<std::string>& texts) {
    std::vector<std::string> names;
    for (const std::string& text : texts) {
        for (const std::string& name : split(text, ',')) {
            if (name.empty()) throw ConfigError(option + ": an empty name in '" + text + "'; expected A,B");
            names.push_back(name);
        }
    }
    return names;
}

/// The figure of the check is the last line; without a comparison a warning has said so.
void print_import(const ImportCommand& command, const ImportedModel& model, bool as_json) {
    if (as_json) {
        nlohmann::ordered_json json{{"output", command.output},   {"framework", model.framework},
                                    {"versions", model.versions}, {"error", nullptr},
                                    {"bytes", model.onnx.size()}, {"notes", model.notes}};
        if (model.error) json["error"] = *model.error;
        fmt::print("{}\n", json.dump());
        return;
    }
    fmt::print("{}: {} bytes, from {} by {}\n", command.output, model.onnx.size(), model.framework, model.versions);
    if (!model.error) return;
    fmt::print("outputs on random inputs differ from the framework's by {:.1e} of the largest one\n", *model.error);
}

}  // namespace

int run_import(const ImportCommand& command) {
    const auto files = make_posix_file_system();
    if (!command.framework.empty() && framework_of_word(command.framework).empty()) {
        throw ConfigError("--framework " + command.framework + ": expected tensorflow, pytorch or mxnet");
    }
    check_output_file("--output", command.output, {command.source});
    ImportOptions options;
    options.source = command.source;
    options.framework = framework_of_word(command.framework);
    options.inputs = names_of("--inputs", command.inputs);
    options.outputs = names_of("--outputs", command.outputs);
    options.sizes = parse_input_sizes(command.shapes, {});
    options.python = command.python;
    options.folder = command.output + ".import";
    const ImportedModel model = import_model(*files, options);
    files->write_atomically(command.output, model.onnx);
    for (const std::string& note : model.notes) log::warning("import", "{}", note);
    print_import(command, model, command.as_json);
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
