// The command init: a first config for a model and its data, on stdout. It writes no file, so it overwrites none.
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "commands.hpp"
#include "init/init_config.hpp"
#include "setup.hpp"
#include "strategy/strategies.hpp"

namespace halftone::app {

int run_init(const InitOptions& options) {
    const auto files = make_posix_file_system();
    const std::string model = read_model(options.model, "");
    const std::string data = options.data.empty() ? "" : " --data " + options.data;
    fmt::print("{}", init_config({.model_path = options.model,
                                  .model_bytes = model,
                                  .data = options.data,
                                  .command = "halftone init " + options.model + data,
                                  .strategies = strategy_names()},
                                 *files));
    return static_cast<int>(ExitCode::ok);
}

}  // namespace halftone::app
