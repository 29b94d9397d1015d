// Each line as the value of an option --set, over a small config: refused with a ConfigError, or a config that can be
// printed and (for one input in four) read again.
#include <string>

#include "base/error.hpp"
#include "config/parts.hpp"
#include "config/run_config.hpp"
#include "fuzz/config_words.hpp"
#include "fuzz/mutate/mutate.hpp"
#include "fuzz/target.hpp"

namespace halftone::fuzz {
namespace {

constexpr const char* kBaseConfig =
    "model: {path: m.onnx}\n"
    "quantization: {op_wise: {conv1: {activation: {dtype: [fp32]}}}}\n"
    "tuning: {strategy: {name: basic}, accuracy_criterion: {relative: 0.01}}\n";
/// More would only make an input slow: each assignment is independent of the others but for the tree they share.
constexpr std::size_t kMostAssignments = 32;

void check_printed(const std::string& printed) {
    try {
        (void)read_run_config(printed, "fuzz.yaml", {}, fuzz_names());
    } catch (const ConfigError& error) {
        finding(error.what());
    }
}

void run_set_option(std::string_view bytes) {
    static const ConfigNode base = parse_yaml(kBaseConfig, "fuzz.yaml");
    ConfigNode tree = base;
    std::string_view rest = bytes;
    try {
        // What read_run_config does, so that the small config is parsed once and not for each input.
        for (std::size_t count = 0; !rest.empty() && count < kMostAssignments; ++count) {
            const std::size_t end = std::min(rest.find('\n'), rest.size());
            apply_override(tree, std::string(rest.substr(0, end)));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        const RunConfig config = config_detail::read_tree(tree, "fuzz.yaml", fuzz_names());
        const std::string printed = print_config(config);
        if (is_in_share(bytes, 4)) check_printed(printed);
    } catch (const ConfigError&) {
        return;
    }
}

bool mutate_set_option(std::string& bytes, Rng& rng) {
    if (rng.below(2) == 0) return mutate_text(bytes, rng);
    // A word in the place of a random step of a path.
    const std::size_t at = static_cast<std::size_t>(rng.below(bytes.size() + 1));
    const std::size_t first = std::min(bytes.find_first_of(".=\n", at), bytes.size());
    const std::size_t end = std::min(bytes.find_first_of(".=\n", first + 1), bytes.size());
    const std::string word(kConfigWords[rng.below(kConfigWords.size())]);
    bytes.replace(first, end - first, (rng.below(4) == 0 ? "=" : ".") + word);
    return true;
}

}  // namespace

FuzzTarget make_set_option_target() { return {.run = &run_set_option, .mutate = &mutate_set_option}; }

}  // namespace halftone::fuzz
