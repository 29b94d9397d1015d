#pragma once
// The section of a plug-in, written as YAML.

#include <gtest/gtest.h>

#include <string>

#include "base/error.hpp"
#include "config/config_node.hpp"
#include "data/dataset.hpp"

namespace halftone {

inline ConfigNode section(const std::string& yaml) { return parse_yaml(yaml, "config.yaml"); }

inline PluginConfig plugin(const std::string& name, const std::string& yaml = "") { return {name, section(yaml)}; }

/// The message with which `action` fails; a failure of the test when it does not fail so.
template <class ErrorType, class Action>
std::string message_of(Action action) {
    try {
        action();
    } catch (const ErrorType& error) {
        return error.what();
    } catch (const Error& error) {
        ADD_FAILURE() << "another kind of error: " << error.what();
        return error.what();
    }
    ADD_FAILURE() << "no error";
    return {};
}

}  // namespace halftone
