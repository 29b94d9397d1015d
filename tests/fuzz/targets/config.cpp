// Any bytes as a config: refused with a ConfigError, or a config whose printed form reads back as the same config.
#include "base/error.hpp"
#include "config/run_config.hpp"
#include "config/yaml_writer.hpp"
#include "fuzz/config_words.hpp"
#include "fuzz/mutate/mutate.hpp"
#include "fuzz/target.hpp"

namespace halftone::fuzz {
namespace {

/// What was written must be readable, and the same.
void check_written_config(const ConfigNode& tree, const RunConfig* config) {
    try {
        expect(is_same_tree(tree, parse_yaml(to_yaml(tree), "again.yaml")), "a tree reads back as another tree");
        if (config == nullptr) return;
        const RunConfig again = read_run_config(print_config(*config), "fuzz.yaml", {}, fuzz_names());
        expect(is_same_tree(config->effective, again.effective), "a printed config reads back as another config");
        expect(config->identity_hash() == again.identity_hash(), "a printed config has another identity");
    } catch (const ConfigError& error) {
        finding(error.what());
    }
}

void run_config(std::string_view text) {
    try {
        const ConfigNode tree = parse_yaml(text, "fuzz.yaml");
        check_written_config(tree, nullptr);
        const RunConfig config = read_run_config(text, "fuzz.yaml", {"tuning.random_seed=1"}, fuzz_names());
        check_written_config(tree, &config);
    } catch (const ConfigError&) {
        return;
    }
}

bool mutate_config(std::string& bytes, Rng& rng) { return mutate_yaml(bytes, rng, kConfigWords); }

}  // namespace

FuzzTarget make_config_target() { return {.run = &run_config, .mutate = &mutate_config}; }

}  // namespace halftone::fuzz
