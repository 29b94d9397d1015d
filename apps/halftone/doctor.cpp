// The commands doctor and certify.
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "base/machine.hpp"
#include "commands.hpp"
#include "doctor/checkup.hpp"

namespace halftone::app {

int run_doctor(const DoctorOptions& options) {
    const std::vector<Finding> findings = examine(look_at_machine());
    fmt::print("{}", options.as_json ? checkup_json(findings) + "\n" : checkup_text(findings));
    return static_cast<int>(ExitCode::ok);
}

int run_certify(const CertifyOptions& options) {
    if (!make_posix_file_system()->exists(options.model))
        throw ModelError("no such model file: '" + options.model + "'");
    const std::string program = program_path();
    const std::string script = find_certify_script(program);
    if (script.empty()) {
        throw ConfigError(
            "certify: certify.py was found neither beside the program, nor in ../share/halftone/scripts, "
            "nor in a source tree; 'cmake --install' installs it");
    }
    // Asked here, because the error of the system would only say that a file is missing.
    if (!find_program("python3")) throw ConfigError("certify needs python3, which is not in PATH");
    // The script reads the model with this very program, and says itself which packages are missing.
    std::vector<std::string> words{"python3", script, options.model, "--halftone", program};
    words.insert(words.end(), options.further.begin(), options.further.end());
    return run_attached(words);
}

}  // namespace halftone::app
