// parse_yaml: yaml-cpp's events become a ConfigNode tree. Events instead of yaml-cpp's own tree, because only they
// allow duplicate keys to be seen and depth and size to be limited while the text is read.
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <array>
#include <sstream>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/tree_builder.hpp"
#include "config/yaml_text.hpp"
#include "config/yaml_writer.hpp"

namespace halftone {
namespace {

using config_detail::Anchor;
using config_detail::refuse_at;
using config_detail::TreeBuilder;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Views into the text. The event handler looks at lines, because yaml-cpp's events do not tell how something is
/// written.
std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (true) {
        const auto end = text.find('\n');
        lines.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return lines;
        text.remove_prefix(end + 1);
    }
}

/// Hands yaml-cpp's events on to a TreeBuilder, with places of ours, and mends what yaml-cpp lets pass.
class Events final : public YAML::EventHandler {
public:
    Events(std::string_view text, const std::string& file, const YamlLimits& limits)
        : lines_(split_lines(text)), file_(file), tree_(limits.values) {}

    /// yaml-cpp counts from 0. Behind the last line stands what parse_yaml adds to the text: that place is its end.
    [[nodiscard]] Mark place(const YAML::Mark& mark) const {
        if (static_cast<std::size_t>(mark.line) < lines_.size()) {
            return {.file = file_, .line = mark.line + 1, .column = mark.column + 1};
        }
        return {.file = file_,
                .line = static_cast<int>(lines_.size()),
                .column = static_cast<int>(lines_.back().size()) + 1};
    }

    [[nodiscard]] ConfigNode take_root() && { return std::move(tree_).take_root(); }

    void OnDocumentStart(const YAML::Mark& mark) override {
        // LPOT reads the first document and is silent about the others.
        if (++documents_ > 1) refuse_at(place(mark), "a second YAML document starts here; a config is one document");
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        if (tree_.expects_key()) refuse_at(place(mark), "a key must not be empty");
        // yaml-cpp reports an absent value where the next token stands; its key is the better place.
        const Mark* key = tree_.pending_key();
        tree_.add_null(key != nullptr ? Mark(*key) : place(mark), anchor);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& text) override {
        check_tag(mark, tag);
        if (tree_.expects_key()) {
            if (tag == "?") check_colon(mark, text);
            return tree_.add_key(place(mark), text);
        }
        const bool is_quoted = tag == "!" || tag == "tag:yaml.org,2002:str" || !can_be_plain(text);
        tree_.add_scalar(place(mark), text, is_quoted, anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override { tree_.add_alias(place(mark), anchor); }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        tree_.open(place(mark), ConfigNode::Kind::list, anchor);
    }
    void OnSequenceEnd() override { tree_.close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        tree_.open(place(mark), ConfigNode::Kind::map, anchor);
    }
    void OnMapEnd() override { tree_.close(); }

private:
    void check_tag(const YAML::Mark& mark, const std::string& tag) const {
        // "?" is a plain value, "!" a quoted one. LPOT's files may say !!python/tuple; a tuple is a list.
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
        refuse_at(place(mark), "the tag " + tag + " is not supported");
    }

    /// yaml-cpp takes a line "word" inside a map for "word:".
    void check_colon(const YAML::Mark& mark, const std::string& key) const {
        const auto line = static_cast<std::size_t>(mark.line);
        const auto column = static_cast<std::size_t>(mark.column);
        if (line >= lines_.size() || column > lines_[line].size()) return;
        std::string_view rest = lines_[line].substr(column);
        if (!rest.starts_with(key)) return;  // written otherwise: quoted, or over several lines
        rest.remove_prefix(key.size());
        if (!trim(rest).starts_with(':')) refuse_at(place(mark), "the key '" + key + "' has no ':' after it");
    }

    std::vector<std::string_view> lines_;
    const std::string& file_;
    TreeBuilder tree_;
    int documents_ = 0;
};

}  // namespace

ConfigNode parse_yaml(std::string_view text, const std::string& file, const YamlLimits& limits) {
    if (text.size() > limits.bytes) refuse_at({.file = file}, fmt::format("has more than {} bytes", limits.bytes));
    static_cast<void>(config_detail::check_yaml_text(text, file));
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    Events events(text, file, limits);
    // yaml-cpp takes the end of the text for a closing quote, unless more text follows.
    std::istringstream stream(std::string(text) + "\n# end");
    try {
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(events)) {
        }
    } catch (const YAML::Exception& e) {
        Mark mark{.file = file};
        if (!e.mark.is_null()) mark = events.place(e.mark);
        refuse_at(mark, "not valid YAML: " + e.msg);
    }
    ConfigNode root = std::move(events).take_root();
    if (root.mark.file.empty()) root.mark.file = root.key_mark.file = file;  // no document at all: an empty file
    return root;
}

}  // namespace halftone
