// Reading a config to its end although parts of it are wrong.
//
//   split_place      "file:line:column: key what" in two parts
//   remove_fault     takes out of the tree what a message is about, or puts a stand-in there
//   read_run_config_tolerantly   reads the tree again and again, each time without the mistake that stopped it
//
// The schema is read by code that throws at the first mistake, and so do the readers of all plug-ins. Collecting faults
// inside of them would mean two answers to every question. Here the tree itself is mended instead: it is small, and a
// config with a hundred mistakes is read a hundred times in milliseconds.
#include "config/config_faults.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/parts.hpp"

namespace halftone {
namespace {

/// Each reading takes one mistake out of the tree, so this ends also a loop that takes out nothing.
constexpr int kMostFaults = 200;

/// Returns how many characters of "12:7" stand at the beginning of the text; 0 if there is no such place.
std::size_t length_of_numbers(std::string_view text) {
    std::size_t at = 0;
    const auto skip_digits = [&] {
        const std::size_t first = at;
        while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) ++at;
        return at > first;
    };
    if (!skip_digits() || at == text.size() || text[at] != ':') return 0;
    ++at;
    return skip_digits() ? at : 0;
}

/// Whether a message begins with a path of keys, "tuning.exit_policy" or "tuning", and not with a sentence. Paths begin
/// with a section of the schema; a section that does not exist is called unknown.
bool is_key_path(std::string_view word, std::string_view rest) {
    static constexpr std::array<std::string_view, 13> kSections{
        "version", "model",    "device", "quantization",    "tuning",           "evaluation",        "cluster",
        "pruning", "training", "train",  "mixed_precision", "model_conversion", "graph_optimization"};
    const std::string_view first = word.substr(0, word.find_first_of(".["));
    return std::find(kSections.begin(), kSections.end(), first) != kSections.end() || rest.starts_with(" is unknown;");
}

/// Returns the length of the place in front of a message: of the file's name with line and column, or of an override.
std::size_t length_of_place(const std::string& message, const std::string& file,
                            const std::vector<std::string>& overrides) {
    for (const std::string& assignment : overrides) {
        const std::string prefix = "--set " + assignment;
        if (message.starts_with(prefix + ": ")) return prefix.size();
    }
    if (file.empty() || !message.starts_with(file + ":")) return 0;
    const std::string_view rest = std::string_view(message).substr(file.size() + 1);
    const std::size_t numbers = length_of_numbers(rest);
    if (numbers > 0 && rest.substr(numbers).starts_with(": ")) return file.size() + 1 + numbers;
    return rest.starts_with(" ") ? file.size() : 0;
}

/// A node of the tree with the place of its key in its map.
struct Found {
    ConfigNode* parent = nullptr;
    std::size_t index = 0;
    [[nodiscard]] ConfigNode& node() const { return parent->entries[index].second; }
    [[nodiscard]] const std::string& key() const { return parent->entries[index].first; }
};

/// Calls `visit` with every key of the tree, outer keys first.
template <class Visit>
void visit_keys(ConfigNode& node, const Visit& visit) {
    for (std::size_t i = 0; i < node.entries.size(); ++i) {
        visit(Found{&node, i});
        visit_keys(node.entries[i].second, visit);
    }
}

/// Returns the key that a message is about: the deepest one that stands at the place and whose name the message quotes
/// (a name that is unknown), else the one with the path. Nothing where no such key is in the tree.
std::optional<Found> find_fault(ConfigNode& root, const PlacedMessage& fault, const std::string& path) {
    std::optional<Found> named;
    std::optional<Found> exact;
    const std::string place = fault.where.substr(0, fault.where.find(' '));
    visit_keys(root, [&](const Found& found) {
        const ConfigNode& node = found.node();
        if (node.path == path) exact = found;
        const bool is_here = !path.empty() && node.path.starts_with(path + ".") && node.key_mark.to_text() == place;
        if (is_here && fault.what.starts_with("'" + found.key() + "'")) named = found;
    });
    // A list's item has no key of its own: the whole list goes.
    if (!exact && path.find('[') != std::string::npos)
        return find_fault(root, fault, path.substr(0, path.find_last_of('[')));
    return named ? named : exact;
}

ConfigNode* find_map(ConfigNode& root, const std::string& path) {
    ConfigNode* found = path.empty() ? &root : nullptr;
    visit_keys(root, [&](const Found& at) {
        if (at.node().path == path) found = &at.node();
    });
    return found != nullptr && found->kind == ConfigNode::Kind::map ? found : nullptr;
}

/// Returns a map with the one key `name`, as {name: {}}.
ConfigNode plugin_node(const std::string& name, const std::string& path, const Mark& mark) {
    ConfigNode settings;
    settings.path = path + "." + name;
    settings.mark = settings.key_mark = mark;
    ConfigNode node;
    node.path = path;
    node.mark = node.key_mark = mark;
    node.entries.emplace_back(name, std::move(settings));
    return node;
}

/// A section that a config cannot be read without. It ends with `key`, and holds one plug-in.
struct Needed {
    std::string_view key;
    const std::vector<std::string>& words;
};

/// Mends a tree, one mistake at a time.
class Mender {
public:
    Mender(ConfigNode& root, const KnownNames& known, std::vector<std::string>& replaced)
        : root_(root), known_(known), replaced_(replaced) {}

    /// Takes the mistake out of the tree. Returns false where nothing of the tree can be found to be it.
    bool remove_fault(const PlacedMessage& fault) {
        const std::size_t space = fault.where.find_last_of(' ');
        const std::string path = space == std::string::npos ? "" : fault.where.substr(space + 1);
        if (path.empty()) return false;
        if (put_stand_in(path)) return true;
        const auto found = find_fault(root_, fault, path);
        if (found) {
            removed_.push_back(found->node().path);
            found->parent->entries.erase(found->parent->entries.begin() + static_cast<std::ptrdiff_t>(found->index));
            return true;
        }
        // The key is missing: without the section that needs it, the rest can be read.
        const std::size_t dot = path.rfind('.');
        if (dot == std::string::npos) return false;
        return remove_fault({.where = fault.where.substr(0, space + 1) + path.substr(0, dot), .what = {}});
    }

    /// Returns whether the mistake only follows from what was removed: it is about a section that held it, and not
    /// about another key in that section.
    [[nodiscard]] bool is_consequence(const PlacedMessage& fault) {
        const std::string path = fault.where.substr(fault.where.find_last_of(' ') + 1);
        const auto found = find_fault(root_, fault, path);
        if (found && found->node().path != path) return false;
        return std::any_of(removed_.begin(), removed_.end(),
                           [&](const std::string& gone) { return gone == path || gone.starts_with(path + "."); });
    }

private:
    /// Puts a plug-in of this build where the path leads to a metric or a data set.
    bool put_stand_in(const std::string& path) {
        for (const Needed& needed : {Needed{"dataset", known_.datasets}, Needed{"metric", known_.metrics},
                                     Needed{"multi_metrics", known_.metrics}}) {
            const std::string section = section_of(path, needed.key);
            if (section.empty() || needed.words.empty() || is_replaced(section)) continue;
            const std::size_t dot = section.rfind('.');
            ConfigNode* map = find_map(root_, section.substr(0, dot));
            if (map == nullptr) continue;
            std::erase_if(map->entries, [&](const ConfigEntry& entry) { return entry.first == needed.key; });
            const bool is_several = needed.key == "multi_metrics";
            const std::string key = is_several ? "metric" : std::string(needed.key);
            std::erase_if(map->entries, [&](const ConfigEntry& entry) { return entry.first == key; });
            map->entries.emplace_back(
                key, plugin_node(needed.words.front(), section.substr(0, dot + 1) + key, map->key_mark));
            replaced_.push_back(section.substr(0, dot + 1) + key);
            removed_.push_back(section);
            return true;
        }
        return false;
    }

    /// Returns the part of a path that ends with this key, "a.dataloader.dataset" of "a.dataloader.dataset.MNIST"; an
    /// empty text where the path does not lead through such a key.
    static std::string section_of(const std::string& path, std::string_view key) {
        const std::vector<std::string> keys = split(path, '.');
        const auto at = std::find(keys.begin(), keys.end(), key);
        if (at == keys.end()) return {};
        return join(std::span(keys.data(), static_cast<std::size_t>(at - keys.begin()) + 1), ".");
    }

    [[nodiscard]] bool is_replaced(const std::string& path) const {
        return std::find(replaced_.begin(), replaced_.end(), path) != replaced_.end();
    }

    ConfigNode& root_;
    const KnownNames& known_;
    std::vector<std::string>& replaced_;
    std::vector<std::string> removed_;
};

}  // namespace

PlacedMessage split_place(const std::string& message, const std::string& file,
                          const std::vector<std::string>& overrides) {
    const std::size_t place = length_of_place(message, file, overrides);
    if (place == 0) return {.where = {}, .what = message};
    std::string rest(trim(message.substr(place + 1)));
    std::string where = message.substr(0, place);
    bool is_sentence = false;
    const std::string word = rest.substr(0, rest.find_first_of(" :"));
    if (is_key_path(word, std::string_view(rest).substr(word.size()))) {
        where += " " + word;
        is_sentence = !rest.substr(word.size()).starts_with(":");
        rest = trim(std::string_view(rest).substr(word.size() + (is_sentence ? 0 : 1)));
    }
    return {.where = std::move(where), .what = std::move(rest), .is_sentence = is_sentence};
}

std::string PlacedMessage::to_text() const {
    if (where.empty()) return what;
    return where + (is_sentence ? " " : ": ") + what;
}

bool TolerantReading::is_replaced(std::string_view path) const {
    return std::find(replaced.begin(), replaced.end(), path) != replaced.end();
}

TolerantReading read_run_config_tolerantly(std::string_view text, const std::string& file,
                                           const std::vector<std::string>& overrides, const KnownNames& known) {
    TolerantReading reading;
    ConfigNode root;
    try {
        root = parse_yaml(text, file);
    } catch (const ConfigError& error) {  // without a tree there is nothing to go on with
        reading.faults.push_back(split_place(error.what(), file, overrides));
        return reading;
    }
    for (const std::string& assignment : overrides) {
        try {
            apply_override(root, assignment);
        } catch (const ConfigError& error) {
            reading.faults.push_back(split_place(error.what(), file, overrides));
        }
    }
    Mender mender(root, known, reading.replaced);
    for (int i = 0; i < kMostFaults; ++i) {
        try {
            reading.config = config_detail::read_tree(root, file, known);
            return reading;
        } catch (const ConfigError& error) {
            const PlacedMessage fault = split_place(error.what(), file, overrides);
            if (!mender.is_consequence(fault)) reading.faults.push_back(fault);
            if (!mender.remove_fault(fault)) return reading;
        }
    }
    return reading;
}

}  // namespace halftone
