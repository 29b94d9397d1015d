#include "eval/tapped_values.hpp"

#include "eval/shaped_sessions.hpp"
#include "exec/session.hpp"

namespace halftone {

void for_each_tapped_value(const Graph& graph, const std::vector<std::string>& values, SampleSource& samples,
                           std::int64_t count, const TappedValueVisitor& visit) {
    CompileOptions options;
    for (const std::string& name : values) options.taps.push_back(graph.find_value(name).value());
    ShapedSessions sessions(graph, options);
    UnpaddedValues unpadded(graph, options.taps);
    Session* session = nullptr;
    const auto inputs_at = [&](const SessionShape& shape) {
        session = &sessions.at(shape);
        return inputs_of(*session);
    };
    samples.for_each_batch({0, count}, inputs_at, Caching::pass, [&](const SampleBatch& batch) {
        session->run();
        const UsedParts parts = unpadded.parts_of(batch, batch.batch);
        for (std::size_t t = 0; t < values.size(); ++t) {
            const TensorView value = session->tap(t);
            const Shape& declared = graph.value(options.taps[t]).type.shape;
            visit(t, value, parts.runs(declared, value.type.shape, t));
        }
    });
}

void for_each_tapped_row(const Graph& graph, const std::vector<std::string>& values, SampleSource& samples,
                         std::int64_t count, const TappedRowVisitor& visit) {
    std::vector<std::size_t> sizes;
    for (const std::string& name : values) {
        const Shape& shape = graph.value(graph.find_value(name).value()).type.shape;
        sizes.push_back(static_cast<std::size_t>(shape[shape.rank() - 1]));
    }
    for_each_tapped_value(graph, values, samples, count,
                          [&](std::size_t t, const TensorView& value, const std::vector<UsedRun>& runs) {
                              const std::size_t size = sizes[t];
                              for (const UsedRun& run : runs) {
                                  const std::size_t first = (run.begin + size - 1) / size;
                                  const std::size_t last = (run.begin + run.count) / size;
                                  for (std::size_t row = first; row < last; ++row)
                                      visit(t, value.as<float>().subspan(row * size, size));
                              }
                          });
}

}  // namespace halftone
