// Any bytes as a config: refused with a ConfigError, or a config whose printed form reads back as the same config.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.hpp"
#include "config/run_config.hpp"
#include "config/yaml_writer.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace halftone;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const KnownNames known{{"basic"}, {"dummy"}, {"Rescale"}, {"topk"}, {"minmax", "kl"}};
    try {
        const ConfigNode tree = parse_yaml(text, "fuzz.yaml");
        try {
            if (!is_same_tree(tree, parse_yaml(to_yaml(tree), "again.yaml"))) std::abort();
        } catch (const ConfigError&) {
            std::abort();  // what was written must be readable
        }
        const RunConfig config = read_run_config(text, "fuzz.yaml", {"tuning.random_seed=1"}, known);
        try {
            const RunConfig again = read_run_config(print_config(config), "fuzz.yaml", {}, known);
            if (!is_same_tree(config.effective, again.effective)) std::abort();
            if (config.identity_hash() != again.identity_hash()) std::abort();
        } catch (const ConfigError&) {
            std::abort();
        }
    } catch (const ConfigError&) {
        return 0;
    }
    return 0;
}
