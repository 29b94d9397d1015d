// The files of a dump: parts with samples, and the index over them.
//
//   DumpPart, write_index   write; rows_of and describe give parts and index the same datasets and attributes
//   check_part              for --resume: is a part there, whole, and of this dump?
//   DumpReader              reads index (read_layout, read_unit) and parts, after it has checked each against the index
//
// The index has virtual datasets for h5py and other tools. DumpReader does not use them: it opens the parts itself, by
// the names that part_name gives, so that an index can't make it open any other file.
#include "dump/tensor_dump.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>
#include <span>

#include "base/check.hpp"
#include "base/error.hpp"
#include "base/file_system.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr const char* kPartFormat = "halftone dump part";
constexpr const char* kIndexFormat = "halftone dump";
/// A chunk holds whole samples, about this many bytes of them.
constexpr std::int64_t kChunkBytes = std::int64_t{1} << 20U;
// Links may be longer, but listings of them are read by people.
constexpr std::size_t kLongestName = 80;

std::vector<std::int64_t> rows_shape(const DumpedUnit& unit, std::int64_t rows) {
    std::vector<std::int64_t> shape{rows};
    shape.insert(shape.end(), unit.sample_shape.begin(), unit.sample_shape.end());
    return shape;
}

/// Describes one of the two datasets of a unit.
/// @param rows  samples in it    @param is_stored  the quantized output; else that of the fp32 model
H5Rows rows_of(const DumpLayout& layout, const DumpedUnit& unit, std::int64_t rows, bool is_stored) {
    const DType dtype = is_stored ? unit.stored : DType::f32;
    const std::int64_t row_bytes =
        std::max<std::int64_t>(1, unit.sample_elements() * static_cast<std::int64_t>(size_of(dtype)));
    return {.path = fmt::format("/units/{}/{}", unit.group, is_stored ? "quantized" : "fp32"),
            .dtype = dtype,
            .shape = rows_shape(unit, rows),
            .chunk_rows = std::clamp<std::int64_t>(kChunkBytes / row_bytes, 1, rows),
            .gzip = layout.gzip};
}

/// Writes the attributes that parts and index have in common.
void describe(H5Writer& file, const DumpedUnit& unit) {
    const std::string group = "/units/" + unit.group;
    file.attribute(group, "unit", unit.unit);
    file.attribute(group, "op", unit.op);
    file.attribute(group, "value", unit.value);
    file.attribute(group, "inner", unit.inner);
    file.attribute(group + "/fp32", "description", "output of the unit in the fp32 model; [sample, …]");
    const bool has_codes = unit.stored != DType::f32;
    file.attribute(group + "/quantized", "description",
                   has_codes ? "codes of its output in the quantized model: real = scale * (code - zero_point)"
                             : "its output in the quantized model, which does not store it as codes");
    if (!has_codes) return;
    file.attribute(group + "/quantized", "scale", unit.scale);
    file.attribute(group + "/quantized", "zero_point", unit.zero_point);
}

/// @throws DataError unless the dataset has this type and shape
void check_layout(const H5Reader& reader, const std::string& path, const std::string& dataset, DType dtype,
                  const std::vector<std::int64_t>& shape) {
    const H5Layout found = reader.layout(dataset);
    if (found.dtype == dtype && found.shape == shape) return;
    throw DataError(fmt::format("{}::{}: is {} [{}], the index says {} [{}]", path, dataset, to_string(found.dtype),
                                fmt::join(found.shape, ", "), to_string(dtype), fmt::join(shape, ", ")));
}

/// @throws DataError unless the open part is of this dump and complete
void require_part(const H5Reader& reader, const std::string& path, const DumpLayout& layout, std::size_t shard) {
    check_format(reader, path, kPartFormat, kVersion);
    if (reader.text_attribute("/", "identity") != layout.identity) {
        throw DataError(path + ": is of another dump (other model, numbers, data, units or samples)");
    }
    if (reader.integer_attribute("/", "first") != layout.shards[shard].first) {
        throw DataError(path + ": holds other samples than its number says");
    }
    for (const DumpedUnit& unit : layout.units) {
        for (const bool is_stored : {false, true}) {
            const H5Rows rows = rows_of(layout, unit, layout.shards[shard].count, is_stored);
            check_layout(reader, path, rows.path, rows.dtype, rows.shape);
        }
    }
}

}  // namespace

std::int64_t DumpedUnit::sample_elements() const {
    return std::accumulate(sample_shape.begin(), sample_shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::int64_t DumpedUnit::sample_bytes() const {
    return sample_elements() * static_cast<std::int64_t>(size_of(DType::f32) + size_of(stored));
}

std::string dump_group(std::size_t number, const std::string& unit) {
    std::string name = fmt::format("{:03}_", number);
    for (const char c : unit) {
        // A link's name must not hold a slash; other signs are replaced for the sake of shells. The number in front
        // keeps names apart that become equal.
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        const bool repeats = !is_plain && name.back() == '_';
        if (!repeats && name.size() < kLongestName) name += is_plain ? c : '_';
    }
    return name;
}

std::string part_name(std::size_t shard) { return fmt::format("part-{:04}.h5", shard); }

DumpPart::DumpPart(const DumpLayout& layout, std::size_t shard, const std::string& folder)
    // A part may be larger than the memory, so it grows on the disk, unlike all other files of this room.
    : layout_(layout), file_(folder + "/" + part_name(shard), H5Growth::on_disk) {
    file_.attribute("/", "format", kPartFormat);
    file_.attribute("/", "format_version", kVersion);
    // The identity makes a forgotten part of another dump visible, which would fit by its shapes.
    file_.attribute("/", "identity", layout.identity);
    file_.attribute("/", "first", layout.shards[shard].first);
    for (const DumpedUnit& unit : layout.units) {
        for (const bool is_stored : {false, true}) {
            file_.create_rows(rows_of(layout, unit, layout.shards[shard].count, is_stored));
        }
        describe(file_, unit);
    }
}

void DumpPart::write(std::size_t unit, std::int64_t first, std::int64_t rows, const std::byte* fp32,
                     const std::byte* stored) {
    const std::string group = "/units/" + layout_.units[unit].group;
    // Samples arrive batch by batch, and a file of fixed shape takes them in any order.
    file_.write_rows(group + "/fp32", first, rows, fp32);
    file_.write_rows(group + "/quantized", first, rows, stored);
}

std::string check_part(const DumpLayout& layout, std::size_t shard, const std::string& folder) {
    const std::string path = folder + "/" + part_name(shard);
    if (!make_posix_file_system()->exists(path)) return "missing";
    try {
        require_part(H5Reader(path), path, layout, shard);
    } catch (const DataError& error) {
        return error.what();
    }
    return {};
}

void write_index(H5Writer& file, const DumpLayout& layout, const std::string& folder) {
    file.attribute("/", "format", kIndexFormat);
    file.attribute("/", "format_version", kVersion);
    file.attribute("/", "description", "Outputs of units, fp32 and quantized; layout: src/dump/README.md of Halftone");
    file.attribute("/", "identity", layout.identity);
    file.attribute("/", "model", layout.model);
    file.attribute("/", "isa", layout.isa);
    file.attribute("/", "version", layout.version);
    file.attribute("/", "plan", layout.plan);
    file.attribute("/", "samples", layout.samples);
    file.attribute("/", "batch", layout.batch);
    std::vector<std::string> names;
    std::vector<std::int64_t> first, count, bytes;
    for (std::size_t s = 0; s < layout.shards.size(); ++s) {
        names.push_back(part_name(s));
        first.push_back(layout.shards[s].first);
        count.push_back(layout.shards[s].count);
        bytes.push_back(static_cast<std::int64_t>(make_posix_file_system()->size(folder + "/" + names.back())));
    }
    file.table("/parts", "The files that hold the samples",
               {{"file", "name of the file, in this folder", "", names},
                {"first", "its first sample", "1", first},
                {"samples", "how many it holds", "1", count},
                {"bytes", "its size", "byte", bytes}});
    file.group("/units", "Outputs of the units, in the order of the model");
    for (const DumpedUnit& unit : layout.units) {
        file.group("/units/" + unit.group, unit.unit);
        for (const bool is_stored : {false, true}) {
            const H5Rows rows = rows_of(layout, unit, layout.samples, is_stored);
            // Virtual: nothing is copied, and the index of a dump of any size stays small.
            std::vector<H5Source> sources;
            for (std::size_t s = 0; s < names.size(); ++s) {
                sources.push_back({.file = names[s], .path = rows.path, .first = first[s], .rows = count[s]});
            }
            file.virtual_rows(rows, sources);
        }
        file.attribute("/units/" + unit.group, "sample_shape", unit.sample_shape);
        file.attribute("/units/" + unit.group, "stored", std::string(to_string(unit.stored)));
        describe(file, unit);
    }
}

namespace {

DumpedUnit read_unit(const H5Reader& index, const std::string& group) {
    const std::string path = "/units/" + group;
    DumpedUnit unit;
    unit.group = group;
    unit.unit = index.text_attribute(path, "unit");
    unit.op = index.text_attribute(path, "op");
    unit.value = index.text_attribute(path, "value");
    unit.inner = index.integer_attribute(path, "inner");
    // Limited before it is multiplied or becomes an integer. No sample comes near, and a NaN is no dimension either.
    constexpr double kMostElements = 0x1p40;
    double product = 1;
    for (const double dim : index.numbers_attribute(path, "sample_shape")) {
        product *= dim;
        if (!(dim >= 1 && product <= kMostElements)) throw DataError("::" + path + ": its sample_shape is impossible");
        unit.sample_shape.push_back(static_cast<std::int64_t>(dim));
    }
    const std::string stored = index.text_attribute(path, "stored");
    const auto dtype = kDTypeNames.parse(stored);
    // Only these three are written. Products and divisions below rely on numbers of at least 1.
    const bool is_known = dtype && (*dtype == DType::f32 || *dtype == DType::u8 || *dtype == DType::s8);
    const std::int64_t elements = unit.sample_elements();
    if (!is_known || elements < 1 || unit.inner < 1 || elements % unit.inner != 0) {
        throw DataError("::" + path + ": its attributes do not fit together");
    }
    unit.stored = *dtype;
    if (unit.stored == DType::f32) return unit;
    const std::vector<double> scale = index.numbers_attribute(path + "/quantized", "scale");
    unit.zero_point = index.integer_attribute(path + "/quantized", "zero_point");
    const CodeRange codes = code_range(unit.stored);
    const bool is_code = unit.zero_point >= codes.low && unit.zero_point <= codes.high;
    if (scale.size() != 1 || !(scale[0] > 0 && std::isfinite(static_cast<float>(scale[0]))) || !is_code) {
        throw DataError("::" + path + "/quantized: has no scale > 0 with a zero point that is a code");
    }
    unit.scale = scale[0];
    return unit;
}

DumpLayout read_layout(const H5Reader& index) {
    DumpLayout layout;
    layout.identity = index.text_attribute("/", "identity");
    layout.model = index.text_attribute("/", "model");
    layout.isa = index.text_attribute("/", "isa");
    layout.version = index.text_attribute("/", "version");
    layout.plan = index.text_attribute("/", "plan");
    layout.samples = index.integer_attribute("/", "samples");
    layout.batch = index.integer_attribute("/", "batch");
    const auto first = index.integers("/parts/first");
    const auto count = index.integers("/parts/samples");
    std::int64_t next = 0;
    // Parts follow one another without gaps, or samples would be read from the wrong file.
    for (std::size_t s = 0; s < first.size() && s < count.size(); ++s) {
        if (first[s] != next || count[s] < 0 || count[s] > layout.samples - next) break;
        layout.shards.push_back({first[s], count[s]});
        next += count[s];
    }
    if (next != layout.samples || layout.shards.size() != first.size() || layout.batch < 1) {
        throw DataError("::/parts: the parts do not make up all samples");
    }
    for (const std::string& group : index.list("/units")) layout.units.push_back(read_unit(index, group));
    return layout;
}

/// @throws DataError unless it is a regular file of the size that the index knows
void check_file(const std::string& path, std::int64_t bytes) {
    const auto files = make_posix_file_system();
    if (!files->exists(path) && !files->is_link(path)) throw DataError(path + ": missing");
    if (!files->is_file(path) || files->is_link(path)) {
        throw DataError(path + ": not a regular file; links are not followed");
    }
    const auto size = static_cast<std::int64_t>(files->size(path));
    if (size != bytes) throw DataError(fmt::format("{}: has {} bytes, the index says {}", path, size, bytes));
}

}  // namespace

DumpReader::DumpReader(const std::string& folder) {
    const std::string path = folder + "/index.h5";
    const H5Reader index(path);
    check_format(index, path, kIndexFormat, kVersion);
    try {
        layout_ = read_layout(index);
    } catch (DataError& error) {
        // read_layout does not know the file's name and begins its messages with "::".
        if (std::string_view(error.what()).starts_with("::")) throw DataError(path + error.what());
        throw;
    }
    const auto bytes = index.integers("/parts/bytes");
    if (bytes.size() != layout_.shards.size()) throw DataError(path + "::/parts/bytes: is not of these parts");
    for (std::size_t s = 0; s < layout_.shards.size(); ++s) {
        const std::string part = folder + "/" + part_name(s);
        // The size is compared first: HDF5 1.10 does not always notice that the end of a file is missing.
        check_file(part, bytes[s]);
        // All parts are opened now: a missing one must show before hours of reading, not after.
        parts_.push_back(std::make_unique<H5Reader>(part));
        require_part(*parts_.back(), part, layout_, s);
    }
}

void DumpReader::read(std::size_t number, std::size_t shard, std::int64_t first, std::int64_t rows,
                      std::vector<float>& fp32, std::vector<float>& quantized, std::vector<std::byte>& codes) const {
    const DumpedUnit& unit = layout_.units[number];
    // Callers count samples over the whole dump; a part counts its own from 0.
    const std::int64_t begin = first - layout_.shards[shard].first;
    const auto elements = static_cast<std::size_t>(rows * unit.sample_elements());
    const std::string group = "/units/" + unit.group;
    fp32.resize(elements);
    quantized.resize(elements);
    parts_[shard]->read_rows(group + "/fp32", begin, rows, std::as_writable_bytes(std::span(fp32)));
    if (unit.stored == DType::f32) {
        codes.resize(elements * sizeof(float));
        parts_[shard]->read_rows(group + "/quantized", begin, rows, std::as_writable_bytes(std::span(quantized)));
        return;
    }
    codes.resize(elements);
    parts_[shard]->read_rows(group + "/quantized", begin, rows, codes);
    dequantize_linear({{unit.stored, Shape{static_cast<std::int64_t>(elements)}}, codes.data()},
                      static_cast<float>(unit.scale), static_cast<std::int32_t>(unit.zero_point), quantized);
}

}  // namespace halftone
