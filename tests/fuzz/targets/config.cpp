// Any bytes as a config: refused with a ConfigError, or a config whose printed form reads back as the same config.
// Reading tolerantly finds faults in what is refused, and nothing in what is accepted.
//
// For a share of the inputs only: that what is written reads back (one in four), and the tolerant reading, which reads
// a config once for each of its faults (one in eight).
#include "base/error.hpp"
#include "config/config_faults.hpp"
#include "config/parts.hpp"
#include "config/run_config.hpp"
#include "config/yaml_writer.hpp"
#include "fuzz/config_words.hpp"
#include "fuzz/mutate/mutate.hpp"
#include "fuzz/target.hpp"

namespace halftone::fuzz {
namespace {

/// What was written must be readable, and the same.
void check_written_tree(const ConfigNode& tree) {
    try {
        expect(is_same_tree(tree, parse_yaml(to_yaml(tree), "again.yaml")), "a tree reads back as another tree");
    } catch (const ConfigError& error) {
        finding(error.what());
    }
}

void check_printed_config(const RunConfig& config) {
    try {
        const RunConfig again = read_run_config(print_config(config), "fuzz.yaml", {}, fuzz_names());
        expect(is_same_tree(config.effective, again.effective), "a printed config reads back as another config");
        expect(config.identity_hash() == again.identity_hash(), "a printed config has another identity");
    } catch (const ConfigError& error) {
        finding(error.what());
    }
}

void check_tolerant_reading(std::string_view text) {
    const TolerantReading reading = read_run_config_tolerantly(text, "fuzz.yaml", {}, fuzz_names());
    try {
        const RunConfig config = read_run_config(text, "fuzz.yaml", {}, fuzz_names());
        expect(reading.faults.empty(), "a config that is read has faults");
        expect(reading.config && is_same_tree(reading.config->effective, config.effective), "it is read in two ways");
    } catch (const ConfigError&) {
        expect(!reading.faults.empty(), "a config that is refused has no faults");
    }
}

void run_config(std::string_view text) {
    if (is_in_share(text, 8)) check_tolerant_reading(text);
    const bool is_written = is_in_share(text, 4, 1);
    try {
        // What read_run_config does, so that the text is parsed once.
        ConfigNode tree = parse_yaml(text, "fuzz.yaml");
        if (is_written) check_written_tree(tree);
        apply_override(tree, "tuning.random_seed=1");
        const RunConfig config = config_detail::read_tree(tree, "fuzz.yaml", fuzz_names());
        if (is_written) check_printed_config(config);
    } catch (const ConfigError&) {
        return;
    }
}

bool mutate_config(std::string& bytes, Rng& rng) { return mutate_yaml(bytes, rng, kConfigWords); }

}  // namespace

FuzzTarget make_config_target() { return {.run = &run_config, .mutate = &mutate_config}; }

}  // namespace halftone::fuzz
