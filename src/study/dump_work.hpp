#pragma once
// The contents of a dump, and the writing of its parts. The format is in src/dump/README.md; dump_folder.hpp checks the
// folder and its limits.

#include <optional>
#include <string>
#include <vector>

#include "data/dataset.hpp"
#include "dump/tensor_dump.hpp"
#include "eval/error_probe.hpp"
#include "exec/apply_plan.hpp"
#include "exec/prepared_model.hpp"

namespace halftone::study {

/// What a dump holds.
struct DumpContents {
    std::vector<std::size_t> units;  ///< numbers of the units whose outputs are written
    std::int64_t samples = 0;        ///< the first so many of the data set
    std::int64_t batch = 1;          ///< samples that run together
    std::int64_t shards = 1;         ///< parts that the samples are divided into
    int gzip = 0;                    ///< level of compression, 1 to 9; 0: not compressed
    std::string plan;                ///< where the quantized model comes from, in words
    std::string version;             ///< of Halftone
};

/// Runs the fp32 model and a quantized one on the same samples, and writes the outputs of units.
class DumpWork {
public:
    /// @param data  the samples that are run; outlives this
    /// @param fp32  the model that the quantized one was made of; outlives this
    /// @throws ModelError when a unit's output has no row for each sample
    DumpWork(const Pipeline& data, const PreparedModel& fp32, QuantizedModel quantized, const DumpContents& contents);

    DumpWork(const DumpWork&) = delete;
    DumpWork& operator=(const DumpWork&) = delete;

    [[nodiscard]] const DumpLayout& layout() const { return layout_; }
    /// Bytes of all units' outputs over all samples, fp32 and quantized, without compression.
    [[nodiscard]] std::int64_t activation_bytes() const;
    /// Bytes of all units' weights, fp32 and codes.
    [[nodiscard]] std::int64_t weight_bytes() const;
    /// Runs both models over the samples of a shard and writes its part. @throws IoError, DataError
    void write_part(std::size_t shard, const std::string& folder);
    /// Writes index.h5, with the weights. @pre all parts are in the folder. @throws IoError
    void write_index(const std::string& folder) const;

private:
    /// Where the output of a dumped unit comes from.
    struct Source {
        std::size_t unit = 0;    ///< number in the model
        std::int64_t outer = 1;  ///< blocks of samples in the executor's value; 1 where the batch comes first
        std::optional<QuantParams> params;  ///< of its codes; empty: it is not stored as codes
    };
    void add_unit(std::size_t unit);
    /// Returns the first rows of a value of the executor, sample after sample: a pointer into the value, or into
    /// `buffer` where the samples had to be gathered.
    [[nodiscard]] const float* gather(TensorView value, const Source& source, const DumpedUnit& unit, std::int64_t rows,
                                      std::vector<float>& buffer) const;
    void write_weights(H5Writer& file, std::size_t i) const;

    const Pipeline& data_;
    const PreparedModel& fp32_;
    QuantizedModel quantized_;
    std::int64_t batch_;
    DumpLayout layout_;
    std::vector<Source> sources_;  ///< in the order of layout_.units
    std::unique_ptr<WeightCache> weights_;
    WorkingMemory memory_;
    std::optional<ErrorProbe> probe_;
    std::vector<float> gathered_fp32_, gathered_quantized_;
    std::vector<float> check_;
    Tensor codes_;
};

}  // namespace halftone::study
