#pragma once
// What stands in the way of a run: one fault, and a list that catches them.

#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "config/config_node.hpp"

namespace halftone {

/// What a fault is about, in the order in which the exit code is chosen.
enum class FaultKind { config, model, data, files };

struct Fault {
    FaultKind kind = FaultKind::config;
    ExitCode code = ExitCode::usage;  ///< with which a run would end because of it
    std::string where;                ///< "c.yaml:12:7 evaluation.accuracy.metric"; empty if there is no place
    std::string what;
    bool is_sentence = false;  ///< the key in `where` is the subject of `what`: "KEY is missing"
    /// Returns place and message as one text, in the form in which the message came.
    [[nodiscard]] std::string to_text() const;
};

/// Collects faults while the parts of a run are tried one after the other.
class FaultList {
public:
    /// @param file, overrides  of the config: places in front of messages are recognized by them
    FaultList(std::string file, std::vector<std::string> overrides)
        : file_(std::move(file)), overrides_(std::move(overrides)) {}

    void add(Fault fault);
    /// Adds an error of the program as a fault. A config error is a fault of the config, whoever found it.
    /// @param kind   of any other error
    /// @param place  stands in front of a message that has no place of its own; may be empty
    void add(const Error& error, FaultKind kind, const std::string& place);
    /// Calls `part`, and turns an error into a fault. Returns whether there was none.
    template <class Part>
    bool try_part(FaultKind kind, const std::string& place, Part&& part) {
        try {
            part();
            return true;
        } catch (const InternalError&) {
            throw;  // a bug of ours is no fault of the user's
        } catch (const Error& error) {
            add(error, kind, place);
            return false;
        }
    }

    /// Returns all faults: those of the config first, then model, data and files, each kind in the order of finding.
    [[nodiscard]] std::vector<Fault> sorted() const;
    [[nodiscard]] bool is_empty() const { return faults_.empty(); }

private:
    std::string file_;
    std::vector<std::string> overrides_;
    std::vector<Fault> faults_;
};

/// Returns "c.yaml:12:7 evaluation.accuracy.metric" for the key of a node.
[[nodiscard]] std::string place_of(const ConfigNode& node);

}  // namespace halftone
