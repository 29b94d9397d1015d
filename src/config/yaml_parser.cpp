// parse_yaml: yaml-cpp's events become a ConfigNode tree. Events instead of yaml-cpp's own tree, because only they
// allow duplicate keys to be seen and depth and size to be limited while the text is read.
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <array>
#include <map>
#include <optional>
#include <sstream>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/config_node.hpp"
#include "config/yaml_writer.hpp"

namespace halftone {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxNodes = 100'000;  // aliases counted where they are used: a "billion laughs" file ends here
constexpr std::size_t kMaxKeyBytes = 1000;  // YAML 1.2 allows 1024 characters on one line
constexpr std::size_t kMaxPathBytes = 2000;

[[noreturn]] void refuse(const Mark& mark, const std::string& what) { throw ConfigError(mark.to_text() + ": " + what); }

std::string child_path(const std::string& parent, const std::string& key) {
    return parent.empty() ? key : parent + "." + key;
}

std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (true) {
        const auto end = text.find('\n');
        lines.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return lines;
        text.remove_prefix(end + 1);
    }
}

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

class TreeBuilder final : public YAML::EventHandler {
public:
    TreeBuilder(std::string_view text, const std::string& file) : lines_(split_lines(text)), file_(file) {}

    Mark place(const YAML::Mark& mark) const {
        if (static_cast<std::size_t>(mark.line) < lines_.size()) {
            return {.file = file_, .line = mark.line + 1, .column = mark.column + 1};
        }
        return {.file = file_,
                .line = static_cast<int>(lines_.size()),
                .column = static_cast<int>(lines_.back().size()) + 1};
    }

    ConfigNode take_root() && { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) refuse(place(mark), "a second YAML document starts here; a config is one document");
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        if (expects_key()) refuse(place(mark), "a key must not be empty");
        // yaml-cpp reports an absent value where the next token stands; its key is the better place.
        ConfigNode node = start(has_key() ? frames_.back().key_mark : place(mark));
        finish(std::move(node), anchor);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& text) override {
        check_tag(mark, tag);
        if (expects_key()) {
            if (tag == "?") check_colon(mark, text);
            return take_key(mark, text);
        }
        ConfigNode node = start(place(mark));
        node.kind = ConfigNode::Kind::scalar;
        node.is_quoted = tag == "!" || tag == "tag:yaml.org,2002:str" || !can_be_plain(text);
        node.scalar = text;
        finish(std::move(node), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        if (expects_key()) refuse(place(mark), "a key must be plain text, not an alias");
        const auto anchored = anchors_.find(anchor);
        if (anchored == anchors_.end()) refuse(place(mark), "an alias inside its own anchor never ends");
        ConfigNode node = anchored->second;
        const ConfigNode here = start(place(mark));
        node.key_mark = here.key_mark;
        move_to(node, here.path, frames_.size(), here.mark);
        finish(std::move(node), 0);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, ConfigNode::Kind::list);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, ConfigNode::Kind::map);
    }
    void OnMapEnd() override { close(); }

private:
    struct Frame {  // a list or map that is being read
        ConfigNode node;
        YAML::anchor_t anchor = 0;
        std::optional<std::string> key;  // of the value to come
        Mark key_mark;
        std::map<std::string, Mark, std::less<>> keys;
    };

    bool in_map() const { return !frames_.empty() && frames_.back().node.kind == ConfigNode::Kind::map; }
    bool expects_key() const { return in_map() && !frames_.back().key; }
    bool has_key() const { return in_map() && frames_.back().key.has_value(); }

    void check_tag(const YAML::Mark& mark, const std::string& tag) const {
        // LPOT's files may say !!python/tuple; a tuple is a list.
        static constexpr std::array<std::string_view, 12> kTags{"",
                                                                "?",
                                                                "!",
                                                                "tag:yaml.org,2002:str",
                                                                "tag:yaml.org,2002:int",
                                                                "tag:yaml.org,2002:float",
                                                                "tag:yaml.org,2002:bool",
                                                                "tag:yaml.org,2002:null",
                                                                "tag:yaml.org,2002:seq",
                                                                "tag:yaml.org,2002:map",
                                                                "tag:yaml.org,2002:python/tuple",
                                                                "tag:yaml.org,2002:python/list"};
        for (const auto known : kTags) {
            if (tag == known) return;
        }
        refuse(place(mark), "the tag " + tag + " is not supported");
    }

    void count(const ConfigNode& node, const Mark& mark) {
        if (++nodes_ > kMaxNodes) {
            refuse(mark, fmt::format("more than {} values (aliases count where they are used)", kMaxNodes));
        }
        if (node.path.size() > kMaxPathBytes)
            refuse(mark, fmt::format("a key path of more than {} bytes", kMaxPathBytes));
    }

    void count_tree(const ConfigNode& node) {
        count(node, node.mark);
        for (const auto& [key, value] : node.entries) count_tree(value);
        for (const ConfigNode& item : node.items) count_tree(item);
    }

    /// An empty node at `mark`, with the path and key of the value that is due.
    ConfigNode start(const Mark& mark) {
        ConfigNode node;
        node.mark = mark;
        node.key_mark = mark;
        if (frames_.empty()) return node;
        const Frame& parent = frames_.back();
        if (parent.node.kind == ConfigNode::Kind::list) {
            node.path = fmt::format("{}[{}]", parent.node.path, parent.node.items.size());
        } else {
            node.path = child_path(parent.node.path, parent.key.value_or(""));
            node.key_mark = parent.key_mark;
        }
        count(node, mark);
        return node;
    }

    /// yaml-cpp takes a line "word" inside a map for "word:".
    void check_colon(const YAML::Mark& mark, const std::string& key) const {
        const auto line = static_cast<std::size_t>(mark.line);
        const auto column = static_cast<std::size_t>(mark.column);
        if (line >= lines_.size() || column > lines_[line].size()) return;
        std::string_view rest = lines_[line].substr(column);
        if (!rest.starts_with(key)) return;
        rest.remove_prefix(key.size());
        if (!trim(rest).starts_with(':')) refuse(place(mark), "the key '" + key + "' has no ':' after it");
    }

    void take_key(const YAML::Mark& mark, const std::string& text) {
        Frame& frame = frames_.back();
        const Mark here = place(mark);
        if (text.empty()) refuse(here, "a key must not be empty");
        if (text.size() > kMaxKeyBytes) refuse(here, fmt::format("a key has more than {} bytes", kMaxKeyBytes));
        const auto [at, is_new] = frame.keys.emplace(text, here);
        if (!is_new) {
            refuse(here, child_path(frame.node.path, text) + " is given twice; first at " + at->second.to_text());
        }
        frame.key = text;
        frame.key_mark = here;
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, ConfigNode::Kind kind) {
        check_tag(mark, tag);
        if (expects_key())
            refuse(place(mark), "a key must be plain text, not a list or map; or a bracket is never closed");
        if (frames_.size() >= kMaxDepth) refuse(place(mark), fmt::format("nested deeper than {} levels", kMaxDepth));
        Frame frame;
        frame.node = start(place(mark));
        frame.node.kind = kind;
        frame.anchor = anchor;
        frames_.push_back(std::move(frame));
    }

    void close() {
        Frame frame = std::move(frames_.back());
        frames_.pop_back();
        if (frame.node.kind == ConfigNode::Kind::map) merge_maps(frame);
        finish(std::move(frame.node), frame.anchor);
    }

    /// YAML 1.1's merge key, which PyYAML (so LPOT) knows: "<<: *other" adds the keys that the map does not give
    /// itself.
    void merge_maps(Frame& frame) {
        auto& entries = frame.node.entries;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (entries[i].first != "<<") continue;
            const ConfigNode merged = std::move(entries[i].second);
            entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(i));
            if (merged.kind == ConfigNode::Kind::scalar) refuse(merged.key_mark, "<< needs a map or a list of maps");
            const bool is_list = merged.kind == ConfigNode::Kind::list;
            for (const ConfigNode& map : is_list ? merged.items : std::vector<ConfigNode>{merged}) {
                if (map.kind != ConfigNode::Kind::map) refuse(merged.key_mark, "<< needs a map or a list of maps");
                for (const auto& [key, value] : map.entries) {
                    if (frame.node.find(key) != nullptr) continue;
                    ConfigNode copy = value;
                    move_to(copy, child_path(frame.node.path, key), frames_.size() + 1, merged.key_mark);
                    entries.emplace_back(key, std::move(copy));
                }
            }
            return;  // "<<" cannot be given twice
        }
    }

    /// Rewrites the paths of a copied tree for its new home; its marks stay where the values are written.
    void move_to(ConfigNode& node, const std::string& path, std::size_t depth, const Mark& used_at) {
        if (depth > kMaxDepth) refuse(used_at, fmt::format("nested deeper than {} levels", kMaxDepth));
        node.path = path;
        count(node, used_at);
        for (auto& [key, value] : node.entries) move_to(value, child_path(path, key), depth + 1, used_at);
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            move_to(node.items[i], fmt::format("{}[{}]", path, i), depth + 1, used_at);
        }
    }

    void finish(ConfigNode node, YAML::anchor_t anchor) {
        if (anchor != 0) {
            count_tree(node);  // the copy takes memory too
            anchors_[anchor] = node;
        }
        if (frames_.empty()) {
            root_ = std::move(node);
            return;
        }
        Frame& parent = frames_.back();
        if (parent.node.kind == ConfigNode::Kind::list) {
            parent.node.items.push_back(std::move(node));
        } else {
            parent.node.entries.emplace_back(std::move(*parent.key), std::move(node));
            parent.key.reset();
        }
    }

    std::vector<std::string_view> lines_;
    const std::string& file_;
    ConfigNode root_;
    std::vector<Frame> frames_;
    std::map<YAML::anchor_t, ConfigNode> anchors_;
    std::size_t nodes_ = 0;
    int documents_ = 0;
};

/// Bytes of the UTF-8 character at the start of `text`; 0 if it is not UTF-8.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t length = byte(0) < 0x80                      ? 1
                               : byte(0) >= 0xc2 && byte(0) < 0xe0 ? 2
                               : byte(0) >= 0xe0 && byte(0) < 0xf0 ? 3
                               : byte(0) >= 0xf0 && byte(0) < 0xf5 ? 4
                                                                   : 0;
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80U) return 0;
    }
    return length;
}

/// Refuses what yaml-cpp would pass over in silence: control characters (its reader stops at 0x04), broken UTF-8, and
/// tabs in the indentation.
void check_characters(std::string_view text, const std::string& file) {
    if (text.size() > kMaxBytes) refuse({.file = file}, fmt::format("has more than {} bytes", kMaxBytes));
    Mark mark{.file = file, .line = 1, .column = 1};
    bool in_indentation = true;
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        const std::size_t length = utf8_length(text.substr(i, 4));
        if (length == 0) refuse(mark, "not UTF-8 text");
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
            refuse(mark, fmt::format("a control character (0x{:02x})", static_cast<unsigned char>(c)));
        }
        if (c == '\t' && in_indentation) {
            const auto rest = text.find_first_not_of(" \t\r", i);
            const bool is_blank_line = rest == std::string_view::npos || text[rest] == '\n' || text[rest] == '#';
            if (!is_blank_line) refuse(mark, "a tab in the indentation; YAML indents with spaces");
        }
        if (c == '\n') {
            mark = {.file = file, .line = mark.line + 1, .column = 1};
            in_indentation = true;
        } else {
            ++mark.column;
            if (c != ' ' && c != '\t') in_indentation = false;
        }
        i += length;
    }
}

}  // namespace

ConfigNode parse_yaml(std::string_view text, const std::string& file) {
    check_characters(text, file);
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    TreeBuilder builder(text, file);
    // yaml-cpp takes the end of the text for a closing quote, unless more text follows.
    std::istringstream stream(std::string(text) + "\n# end");
    try {
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const YAML::Exception& e) {
        Mark mark{.file = file};
        if (!e.mark.is_null()) mark = builder.place(e.mark);
        refuse(mark, "not valid YAML: " + e.msg);
    }
    ConfigNode root = std::move(builder).take_root();
    if (root.mark.file.empty()) root.mark.file = root.key_mark.file = file;  // no document at all: an empty file
    return root;
}

}  // namespace halftone
