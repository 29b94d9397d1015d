#include "rehearsal/fault.hpp"

#include <algorithm>

#include "config/config_faults.hpp"

namespace halftone {
namespace {

FaultKind kind_of(const Error& error, FaultKind kind) {
    if (error.code() == ExitCode::usage) return FaultKind::config;
    if (error.code() == ExitCode::io) return FaultKind::files;
    return kind;
}

}  // namespace

void FaultList::add(Fault fault) {
    // One file may be at fault in two places, as the data of calibration and evaluation; the same place twice is once.
    const auto is_same = [&](const Fault& other) { return other.where == fault.where && other.what == fault.what; };
    if (std::none_of(faults_.begin(), faults_.end(), is_same)) faults_.push_back(std::move(fault));
}

void FaultList::add(const Error& error, FaultKind kind, const std::string& place) {
    PlacedMessage message = split_place(error.what(), file_, overrides_);
    // A message that names the config's file already needs no place: "bad: cannot read bad: Is a directory".
    const bool names_the_file = place == file_ && message.what.find(file_) != std::string::npos;
    if (message.where.empty() && !names_the_file) message.where = place;
    add({.kind = kind_of(error, kind),
         .code = error.code(),
         .where = std::move(message.where),
         .what = std::move(message.what),
         .is_sentence = message.is_sentence});
}

std::string Fault::to_text() const {
    return PlacedMessage{.where = where, .what = what, .is_sentence = is_sentence}.to_text();
}

std::vector<Fault> FaultList::sorted() const {
    std::vector<Fault> sorted = faults_;
    std::stable_sort(sorted.begin(), sorted.end(), [](const Fault& a, const Fault& b) { return a.kind < b.kind; });
    return sorted;
}

std::string place_of(const ConfigNode& node) { return node.key_mark.to_text() + " " + node.path; }

}  // namespace halftone
