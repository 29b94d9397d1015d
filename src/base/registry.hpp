#pragma once
// Registry: the fixed table of a plug-in folder, filled from its list.inc while the program is compiled.
//
// A list.inc has one line for each plug-in: HALFTONE_PLUGIN("word", name). The word is what users write (or what stands
// in an ONNX file); the name is that of the .cpp file and of the factory in it. The folder's registry.cpp includes
// plugin_table.inc, which reads the list twice: once to declare the factories, once as the rows of make_registry(). A
// factory that is listed but has no file is a link error, and a word that stands twice is a compile error.

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace halftone {

template <class Value>
struct RegistryRow {
    std::string_view word{};
    Value value{};
};

template <class Value, std::size_t N>
class Registry {
public:
    using Row = RegistryRow<Value>;

    /// @throws std::invalid_argument when two rows have the same word; in a constant expression that stops the compiler
    constexpr explicit Registry(const std::array<Row, N>& rows) : rows_(rows), sorted_(rows) {
        std::sort(sorted_.begin(), sorted_.end(), [](const Row& a, const Row& b) { return a.word < b.word; });
        for (std::size_t i = 1; i < N; ++i) {
            if (sorted_[i - 1].word == sorted_[i].word) throw std::invalid_argument("a word stands twice in the list");
        }
    }

    /// Returns the plug-in with this word, or null. The search is binary.
    [[nodiscard]] constexpr const Value* find(std::string_view word) const {
        const auto row = std::lower_bound(sorted_.begin(), sorted_.end(), word,
                                          [](const Row& a, std::string_view wanted) { return a.word < wanted; });
        return row != sorted_.end() && row->word == word ? &row->value : nullptr;
    }

    /// Returns all rows in the order of the list.
    [[nodiscard]] constexpr std::span<const Row> rows() const { return rows_; }

    /// Returns all words in the order of the list.
    [[nodiscard]] std::vector<std::string> words() const {
        std::vector<std::string> words;
        for (const Row& row : rows_) words.emplace_back(row.word);
        return words;
    }

private:
    std::array<Row, N> rows_;
    std::array<Row, N> sorted_;  ///< by word
};

/// Makes the table from the rows of a list.inc. A word that stands twice stops the compiler.
template <class Value, std::size_t N>
[[nodiscard]] consteval Registry<Value, N> make_registry(const RegistryRow<Value> (&rows)[N]) {
    return Registry<Value, N>(std::to_array(rows));
}

}  // namespace halftone
