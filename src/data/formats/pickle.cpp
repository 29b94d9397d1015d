// Python's pickles, without running them.
//
//   PickleMachine::run    one operation after another, until STOP
//   push_*, pop_*         the stack: numbers of values
//   reduce, build         the two operations that would run code in Python; here they know NumPy's arrays
#include "data/formats/pickle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/byte_reader.hpp"
#include "base/error.hpp"

namespace halftone {
namespace {

/// Twenty times as many as CIFAR-100's training file has. A value of one byte in the file takes some 80 in memory.
constexpr std::size_t kMostPickleValues = std::size_t{1} << 22U;

/// What a pickle of an array calls. NumPy 2 renamed its module.
constexpr std::array<std::string_view, 3> kKnownNames{"numpy.core.multiarray\n_reconstruct",
                                                      "numpy._core.multiarray\n_reconstruct", "numpy\ndtype"};
/// What is named, and not called.
constexpr std::string_view kArrayClass = "numpy\nndarray";

class PickleMachine {
public:
    PickleMachine(std::string_view bytes, const std::string& name) : reader_(bytes, name), bytes_(bytes) {}

    Pickle run() {
        for (;;) {
            at_ = reader_.offset();
            const auto operation = reader_.get<std::uint8_t>("an operation");
            reader_.require<DataError>();
            if (operation == '.') break;
            step(operation);
            reader_.require<DataError>();
        }
        pickle_.root = pop();
        reader_.require<DataError>();
        return std::move(pickle_);
    }

private:
    using Kind = PickleValue::Kind;
    static constexpr std::size_t kMark = SIZE_MAX;  ///< on the stack: where a list of operands begins

    void refuse(std::string_view expected) { reader_.expect(false, expected); }

    void push(PickleValue value) {
        if (pickle_.values.size() >= kMostPickleValues) return refuse("a pickle of at most four million values");
        stack_.push_back(pickle_.values.size());
        pickle_.values.push_back(std::move(value));
    }
    void push_integer(std::int64_t value) { push({.kind = Kind::integer, .integer = value}); }
    void push_text(std::uint64_t bytes) { push({.kind = Kind::text, .text = reader_.get_bytes(bytes, "a text")}); }

    /// @return the number of a value; of one that is None after a fault, so that the caller needs no special case
    std::size_t pop() {
        if (stack_.empty() || stack_.back() == kMark) {
            refuse("an operation with its operands before it");
            pickle_.values.emplace_back();
            return pickle_.values.size() - 1;
        }
        const std::size_t value = stack_.back();
        stack_.pop_back();
        return value;
    }
    std::vector<std::size_t> pop_to_mark() {
        const auto mark = std::find(stack_.rbegin(), stack_.rend(), kMark);
        if (mark == stack_.rend()) {
            refuse("a mark before the operation");
            return {};
        }
        std::vector<std::size_t> values(mark.base(), stack_.end());
        stack_.erase(mark.base() - 1, stack_.end());
        return values;
    }
    std::vector<std::size_t> pop_some(std::size_t count) {
        std::vector<std::size_t> values(count);
        for (std::size_t i = count; i > 0; --i) values[i - 1] = pop();
        return values;
    }
    /// Adds items to the list or map below them on the stack.
    void add_items(const std::vector<std::size_t>& items, Kind kind) {
        const std::size_t target = pop();
        PickleValue& value = pickle_.values[target];
        if (value.kind != kind || (kind == Kind::map && items.size() % 2 != 0))
            return refuse("a list or map to add to");
        value.items.insert(value.items.end(), items.begin(), items.end());
        stack_.push_back(target);
    }

    void remember(std::uint64_t place) {
        const std::size_t value = pop();
        stack_.push_back(value);
        memo_[place] = value;
    }
    void recall(std::uint64_t place) {
        const auto found = memo_.find(place);
        // The same number as before: what is added to a list later is in it wherever it is recalled.
        if (found == memo_.end()) return refuse("a value that was remembered");
        stack_.push_back(found->second);
    }

    /// GLOBAL: "module\nname\n". The two stay together, as one view of the bytes.
    void push_global() {
        const std::string_view rest = bytes_.substr(static_cast<std::size_t>(reader_.offset()));
        const std::size_t module_end = rest.find('\n');
        const std::size_t name_end =
            module_end == std::string_view::npos ? module_end : rest.find('\n', module_end + 1);
        if (name_end == std::string_view::npos) return refuse("the name of a class");
        push_name(reader_.get_bytes(name_end + 1).substr(0, name_end));
    }
    /// STACK_GLOBAL: module and name are two texts on the stack.
    void push_stack_global() {
        const std::vector<std::size_t> parts = pop_some(2);
        const std::string joined =
            std::string(pickle_.values[parts[0]].text) + "\n" + std::string(pickle_.values[parts[1]].text);
        push_name(joined);
    }
    void push_name(std::string_view name) {
        // The table's own text is kept, because the name may have been put together here.
        const auto known = std::find(kKnownNames.begin(), kKnownNames.end(), name);
        if (known != kKnownNames.end()) return push({.kind = Kind::name, .text = *known});
        if (name == kArrayClass) return push({.kind = Kind::name, .text = kArrayClass});
        std::string shown(name);
        std::replace(shown.begin(), shown.end(), '\n', '.');
        refuse(fmt::format("a name of NumPy's arrays, not {}", shown));
    }

    void reduce() {
        const std::vector<std::size_t> operands = pop_some(2);
        const PickleValue& callee = pickle_.values[operands[0]];
        const PickleValue& arguments = pickle_.values[operands[1]];
        if (callee.kind != Kind::name || callee.text == kArrayClass || arguments.kind != Kind::list) {
            return refuse("a call that makes an array");
        }
        // Nothing is called. The value only says what Python would have called, with what.
        push({.kind = Kind::call, .text = callee.text, .items = arguments.items});
    }
    /// Gives a new object its state. That of an array holds everything; that of a type only says what is usual.
    void build() {
        const std::size_t state = pop();
        const std::size_t object = pop();
        PickleValue& target = pickle_.values[object];
        if (target.kind != Kind::call || pickle_.values[state].kind != Kind::list) return refuse("an array's state");
        if (target.text != "numpy\ndtype") {
            const std::vector<std::size_t> items = pickle_.values[state].items;
            target = {.kind = Kind::array, .items = items};
        }
        stack_.push_back(object);
    }

    void step(std::uint8_t operation) {
        if (!step_value(operation) && !step_stack(operation)) {
            refuse(fmt::format("a known operation, not 0x{:02x} at byte {}", operation, at_));
        }
    }

    /// Operations that push a value of their own. @return false for others
    bool step_value(std::uint8_t operation) {
        switch (operation) {
            case 'N':  // NONE
                return push({}), true;
            case 0x88:  // NEWTRUE
                return push_integer(1), true;
            case 0x89:  // NEWFALSE
                return push_integer(0), true;
            case 'K':  // BININT1
                return push_integer(reader_.get<std::uint8_t>()), true;
            case 'M':  // BININT2
                return push_integer(reader_.get<std::uint16_t>()), true;
            case 'J':  // BININT
                return push_integer(reader_.get<std::int32_t>()), true;
            case 'U':   // SHORT_BINSTRING, Python 2
            case 'C':   // SHORT_BINBYTES
            case 0x8c:  // SHORT_BINUNICODE
                return push_text(reader_.get<std::uint8_t>()), true;
            case 'T':  // BINSTRING, Python 2
            case 'B':  // BINBYTES
            case 'X':  // BINUNICODE
                return push_text(reader_.get<std::uint32_t>()), true;
            case 0x8d:  // BINUNICODE8
            case 0x8e:  // BINBYTES8
                return push_text(reader_.get<std::uint64_t>()), true;
            case ']':  // EMPTY_LIST
            case ')':  // EMPTY_TUPLE
                return push({.kind = Kind::list}), true;
            case '}':  // EMPTY_DICT
                return push({.kind = Kind::map}), true;
            case 'c':
                return push_global(), true;
            default:
                return false;
        }
    }

    /// Operations on what is on the stack, and those that only say something. @return false for others
    bool step_stack(std::uint8_t operation) {
        switch (operation) {
            case 0x80:  // PROTO
                return reader_.expect(reader_.get<std::uint8_t>() <= 4, "a pickle of protocol 2 to 4"), true;
            case 0x95:  // FRAME
                return static_cast<void>(reader_.get<std::uint64_t>()), true;
            case '(':  // MARK
                return stack_.push_back(kMark), true;
            case 0x85:  // TUPLE1
            case 0x86:  // TUPLE2
            case 0x87:  // TUPLE3
                return push({.kind = Kind::list, .items = pop_some(operation - 0x84U)}), true;
            case 't':  // TUPLE
                return push({.kind = Kind::list, .items = pop_to_mark()}), true;
            case 'a':  // APPEND
                return add_items(pop_some(1), Kind::list), true;
            case 'e':  // APPENDS
                return add_items(pop_to_mark(), Kind::list), true;
            case 's':  // SETITEM
                return add_items(pop_some(2), Kind::map), true;
            case 'u':  // SETITEMS
                return add_items(pop_to_mark(), Kind::map), true;
            case 'q':  // BINPUT
                return remember(reader_.get<std::uint8_t>()), true;
            case 'r':  // LONG_BINPUT
                return remember(reader_.get<std::uint32_t>()), true;
            case 0x94:  // MEMOIZE
                return remember(memo_.size()), true;
            case 'h':  // BINGET
                return recall(reader_.get<std::uint8_t>()), true;
            case 'j':  // LONG_BINGET
                return recall(reader_.get<std::uint32_t>()), true;
            case 0x93:
                return push_stack_global(), true;
            case 'R':
                return reduce(), true;
            case 'b':
                return build(), true;
            default:
                return false;
        }
    }

    ByteReader reader_;
    std::string_view bytes_;  ///< all of them: a global's name ends where its line does, which the reader cannot see
    std::uint64_t at_ = 0;    ///< of the operation that is done
    Pickle pickle_;
    std::vector<std::size_t> stack_;
    std::unordered_map<std::uint64_t, std::size_t> memo_;
};

}  // namespace

const PickleValue* Pickle::find(std::string_view key) const {
    const PickleValue& map = values.at(root);
    if (map.kind != PickleValue::Kind::map) return nullptr;
    for (std::size_t i = 0; i + 1 < map.items.size(); i += 2) {
        const PickleValue& candidate = values.at(map.items[i]);
        if (candidate.kind == PickleValue::Kind::text && candidate.text == key) return &values.at(map.items[i + 1]);
    }
    return nullptr;
}

const PickleValue* Pickle::item(const PickleValue& of, std::size_t index) const {
    return index < of.items.size() ? &values.at(of.items[index]) : nullptr;
}

Pickle parse_pickle(std::string_view bytes, const std::string& name) { return PickleMachine(bytes, name).run(); }

}  // namespace halftone
