#pragma once
// A dump of unit outputs: DIR/part-NNNN.h5, one for each shard of the samples, each written by one rank; DIR/index.h5
// over them, with a virtual dataset for each value, and the weights. The layout is in README.md.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dump/h5_reader.hpp"
#include "dump/h5_writer.hpp"
#include "tensor/dtype.hpp"

namespace halftone {

/// The facts about a unit in a dump.
struct DumpedUnit {
    std::string group;  ///< "003_layer1_conv": number and name, without what a link's name cannot hold
    std::string unit, op, value;
    std::vector<std::int64_t> sample_shape;  ///< of its output, for one sample
    /// Elements of a sample that lie together in the executor: not all of them if the batch is not its first
    /// dimension.
    std::int64_t inner = 1;
    DType stored = DType::f32;  ///< of the quantized output: s8 and u8 codes, or f32 where it is not stored as codes
    double scale = 1;           ///< real = scale * (code - zero_point)
    std::int64_t zero_point = 0;

    [[nodiscard]] std::int64_t sample_elements() const;
    [[nodiscard]] std::int64_t sample_bytes() const;  ///< fp32 and quantized
};

struct DumpShard {
    std::int64_t first = 0, count = 0;
};

struct DumpLayout {
    std::string identity;  ///< of model, numbers, data, units and samples: parts of one dump have the same
    std::string model;     ///< hash
    std::string isa;
    std::string version;
    std::string plan;  ///< where the quantized model comes from, in words
    std::int64_t samples = 0;
    std::int64_t batch = 0;  ///< samples that ran together
    int gzip = 0;
    std::vector<DumpShard> shards;
    std::vector<DumpedUnit> units;
};

/// A group's name from a unit's number and name.
[[nodiscard]] std::string dump_group(std::size_t number, const std::string& unit);
[[nodiscard]] std::string part_name(std::size_t shard);

/// One part, sample by sample in order. Nothing is visible before commit().
class DumpPart {
public:
    /// @throws IoError
    DumpPart(const DumpLayout& layout, std::size_t shard, const std::string& folder);
    /// The next rows of a unit: fp32 elements and stored elements, sample after sample.
    void write(std::size_t unit, std::int64_t first, std::int64_t rows, const std::byte* fp32, const std::byte* stored);
    void commit() { file_.commit(); }

private:
    const DumpLayout& layout_;
    H5Writer file_;
};

/// Returns an empty text if the part exists, is complete and belongs to this dump; else the fault. Its first word is
/// "missing" if there is no part.
[[nodiscard]] std::string check_part(const DumpLayout& layout, std::size_t shard, const std::string& folder);

/// Writes all of the index but the weights, which the caller adds before commit(). @pre all parts are there
void write_index(H5Writer& file, const DumpLayout& layout, const std::string& folder);

/// A finished dump. Reads its parts by their names, in its folder only.
class DumpReader {
public:
    /// Checks index and parts. @throws DataError naming the file and what is wrong: missing, cut off, of another dump
    explicit DumpReader(const std::string& folder);
    [[nodiscard]] const DumpLayout& layout() const { return layout_; }
    /// The dump's samples [first, first + rows) of a unit, which lie in one shard: fp32, and the quantized ones as
    /// reals.
    void read(std::size_t unit, std::size_t shard, std::int64_t first, std::int64_t rows, std::vector<float>& fp32,
              std::vector<float>& quantized, std::vector<std::byte>& codes) const;

private:
    DumpLayout layout_;
    std::vector<std::unique_ptr<H5Reader>> parts_;
};

}  // namespace halftone
