// Reading everything. The library loads what it knows about a dataset (its header, the index of all its chunks) when it
// is opened and asked for its stored size, so a large dataset need not be read as a whole: what is left are bytes that
// only zlib and the plain filters look at.
#include "dump/h5/read_all.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/budget.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"

namespace halftone::h5 {
namespace {

constexpr std::size_t kMostReadObjects = 20'000;
constexpr int kMostReadDepth = 16;
constexpr std::chrono::seconds kMostReadTime{5};
/// Larger datasets are read row by row; larger rows are not read.
constexpr std::uint64_t kMostReadBytes = std::uint64_t{8} << 20U;

/// Runs one reading; a refusal of it does not keep the others from being tried.
template <class Reading>
void try_one(Reading&& reading) {
    try {
        reading();
    } catch (const DataError&) {
        return;
    } catch (const BudgetError&) {
        return;
    }
}

void read_attributes_of(const H5Reader& file, const std::string& path) {
    std::vector<std::string> names;
    try_one([&] { names = file.attributes(path); });
    for (const std::string& name : names) {
        try_one([&] { (void)file.text_attribute(path, name); });
        try_one([&] { (void)file.integer_attribute(path, name); });
        try_one([&] { (void)file.numbers_attribute(path, name); });
    }
}

void read_one_row(const H5RowReader& rows, std::int64_t row, std::size_t elements) {
    if (rows.are_texts()) return (void)rows.texts(row);
    if (rows.have_lengths()) return (void)rows.row_bytes(row);
    std::vector<std::byte> bytes(elements * size_of(rows.layout().dtype));
    rows.read(row, bytes);
}

void read_some_rows(const H5Reader& file, const std::string& path, std::uint64_t bytes) {
    const H5RowReader rows = file.rows(path);
    const std::vector<std::int64_t>& shape = rows.layout().shape;
    if (bytes == 0 || bytes / static_cast<std::uint64_t>(shape[0]) > kMostReadBytes) return;
    std::size_t elements = 1;
    for (std::size_t d = 1; d < shape.size(); ++d) elements *= static_cast<std::size_t>(shape[d]);
    for (const std::int64_t row : {std::int64_t{0}, shape[0] - 1}) {
        try_one([&] { read_one_row(rows, row, elements); });
    }
    if (rows.are_texts() || rows.have_lengths()) return;
    std::vector<std::byte> first(elements * size_of(rows.layout().dtype));
    file.read_rows(path, 0, 1, first);
}

}  // namespace

void read_object(const H5Reader& file, const std::string& path) {
    read_attributes_of(file, path);
    std::optional<std::uint64_t> bytes;
    try_one([&] { bytes = file.bytes(path); });
    if (!bytes) return;  // no dataset, or one that is refused
    try_one([&] { (void)file.layout(path); });
    try_one([&] { read_some_rows(file, path, *bytes); });
    if (*bytes > kMostReadBytes) return;
    try_one([&] { (void)file.numbers(path); });
    try_one([&] { (void)file.integers(path); });
    try_one([&] { (void)file.texts(path); });
}

bool read_all(const H5Reader& file) {
    const SystemClock clock;
    const auto end = clock.now() + kMostReadTime;
    bool is_whole = true;
    std::deque<std::pair<std::string, int>> waiting{{"/", 0}};
    for (std::size_t objects = 0; !waiting.empty(); ++objects) {
        if (objects == kMostReadObjects || clock.now() > end) return false;
        const std::string path = waiting.front().first;
        const int depth = waiting.front().second;
        waiting.pop_front();
        read_object(file, path);
        std::vector<std::string> names;
        try_one([&] { names = file.list(path); });
        if (!names.empty() && depth == kMostReadDepth) is_whole = false;
        if (depth == kMostReadDepth) continue;
        // A name may be longer than any path that this program asks for, and then it is not asked for.
        for (const std::string& name : names) waiting.emplace_back((path == "/" ? "/" : path + "/") + name, depth + 1);
    }
    return is_whole;
}

}  // namespace halftone::h5
