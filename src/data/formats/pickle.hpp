#pragma once
// Python's pickles, as far as dictionaries of numbers, texts, lists and NumPy arrays need them. A pickle is a program
// for a stack machine, and Python's own machine calls whatever function a pickle names. This one calls nothing: it
// knows the names by which NumPy rebuilds an array, and refuses all others.
// Source: CPython, Lib/pickletools.py (the operations) and numpy.ndarray.__reduce__ (the names).

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace halftone {

/// A value of a pickle. Other values in it are numbers of values, so that a list may even hold itself.
struct PickleValue {
    enum class Kind { none, integer, text, list, map, name, call, array };
    Kind kind = Kind::none;
    std::int64_t integer = 0;  ///< also 0 and 1 for False and True
    std::string_view text{};   ///< of a text (str or bytes); the name of a name or a call, such as "numpy dtype"
    /// list: its items, also of a tuple. map: key, value, key, value … call: its arguments. array: what NumPy stores of
    /// one: version, shape, type, whether it is in Fortran's order, bytes.
    std::vector<std::size_t> items{};
};

/// The values of a pickle. Texts lie in the bytes that were parsed, which must outlive it.
struct Pickle {
    std::deque<PickleValue> values{};  ///< a deque: references stay valid while values are added
    std::size_t root = 0;              ///< the number of the value that the pickle describes
    /// Returns the value of a key of the root; null when it is no map, or has no such key.
    [[nodiscard]] const PickleValue* find(std::string_view key) const;
    /// Returns an item of a value; null when it has not so many.
    [[nodiscard]] const PickleValue* item(const PickleValue& of, std::size_t index) const;
};

/// Reads a pickle of protocol 2 to 4.
/// @throws DataError naming the file and the byte: no pickle, an operation or a name that is not known here, more than
///         four million values
[[nodiscard]] Pickle parse_pickle(std::string_view bytes, const std::string& name);

}  // namespace halftone
