#pragma once
// A strategy by its name, with settings as a config has them, and the first seed.

#include <memory>
#include <string>

#include "config/config_node.hpp"
#include "strategy/strategies.hpp"

namespace halftone::test {

/// The baseline is 0.9. The space outlives the strategy. @throws ConfigError for settings that make no sense
[[nodiscard]] inline std::unique_ptr<Strategy> make_named(const std::string& name, const SearchSpace& space,
                                                          const std::string& settings = "") {
    return make_strategy(name, {.space = space,
                                .goal = Goal({}, 0.9),
                                .baseline = 0.9,
                                .seed = 1,
                                .settings = parse_yaml(settings, "test.yaml")});
}

}  // namespace halftone::test
