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

/// What a transform makes of one value: that of a sample with a single input.
inline Tensor changed(const Transform& transform, const Tensor& value) {
    const Schema schema{.inputs = {{.name = "x", .type = value.type()}}, .targets = {}};
    return std::get<Tensor>(transform.apply({.id = 0, .inputs = {value}}, schema).inputs[0]);
}

/// What a transform says that a value of this type becomes.
inline TensorType changed_type(const Transform& transform, const TensorType& type) {
    return transform.output({.inputs = {{.name = "x", .type = type}}, .targets = {}}).inputs[0].type;
}

/// Parts of a sample of one picture and one label.
inline const Tensor& first_input(const Sample& sample) { return std::get<Tensor>(sample.inputs.at(0)); }
inline std::int64_t label_of(const Sample& sample) {
    return std::get<Tensor>(sample.targets.at(0)).as<std::int64_t>().front();
}

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
