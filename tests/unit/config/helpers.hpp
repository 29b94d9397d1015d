#pragma once
// The small language of this folder's tests: config("text"), error_of("text"), notes_of("text").

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/run_config.hpp"

namespace halftone::config_test {

/// A build that has a little of everything.
inline KnownNames known_names() {
    return {.strategies = {"basic"},
            .datasets = {"FashionMNIST", "Numpy", "dummy"},
            .transforms = {"Normalize", "Rescale", "Transpose"},
            .metrics = {"topk"},
            .algorithms = {"minmax", "kl", "percentile", "mse"},
            .postprocesses = {"Collect"}};
}

inline RunConfig config(std::string_view text, const std::vector<std::string>& overrides = {}) {
    return read_run_config(text, "c.yaml", overrides, known_names());
}

template <class Call>
std::string message_of(Call call) {
    try {
        call();
    } catch (const ConfigError& e) {
        return e.what();
    }
    return "(no error)";
}

inline std::string error_of(std::string_view text, const std::vector<std::string>& overrides = {}) {
    return message_of([&] { static_cast<void>(config(text, overrides)); });
}

/// What is not available, without the notes that every short example would get for its missing calibration data.
inline std::vector<std::string> notes_of(std::string_view text) {
    auto notes = config(text).not_available;
    std::erase_if(notes, [](const auto& note) {
        return note.find("static quantization needs calibration data") != std::string::npos;
    });
    return notes;
}

}  // namespace halftone::config_test
