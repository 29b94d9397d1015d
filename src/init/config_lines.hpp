#pragma once
// Lines of YAML with comments and indentation. Comments stand above what they are about, so that no line becomes long.

#include <string>
#include <string_view>
#include <vector>

namespace halftone {

/// Returns a name or path as YAML: plain where every reader takes it as text, else in double quotes.
[[nodiscard]] std::string yaml_text(std::string_view text);

class ConfigLines {
public:
    /// Adds "key: value", or "key:" where the value is empty.
    void add(int level, std::string_view key, std::string_view value = {});
    /// Adds one comment, broken into lines of at most 110 characters.
    void comment(int level, std::string_view text);
    /// Adds lines that were made elsewhere, two blanks for each level further in.
    void block(int level, const std::vector<std::string>& lines);
    void blank();
    [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
    [[nodiscard]] std::string text() const;

private:
    std::vector<std::string> lines_;
};

}  // namespace halftone
