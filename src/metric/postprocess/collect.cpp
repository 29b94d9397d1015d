// Collect: LPOT's way to hand a metric all answers at once. Here every metric gets them anyway, so nothing changes.
#include "config/reader.hpp"
#include "metric/postprocess.hpp"

namespace halftone {
namespace {

class Collect final : public Postprocess {
public:
    MetricFields bind(const MetricFields& fields) override { return fields; }
    void apply(ProcessedAnswer& /*answer*/) const override {}
};

}  // namespace

std::unique_ptr<Postprocess> make_collect(const ConfigNode& node) {
    Reader reader(node);
    static_cast<void>(reader.integer("length", 0, 0));  // how many answers LPOT waits for
    reader.finish();
    return std::make_unique<Collect>();
}

}  // namespace halftone
