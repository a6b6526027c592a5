#include "in_place/target.h"

#include <algorithm>
#include <filesystem>

#include "byte_order.h"

namespace truce::image::in_place {
namespace {

/// Stands for a file of data while an image is built around it: what is written before `content` is
/// noticed, what is written behind is kept.
class Sketch final : public File {
 public:
  Sketch(std::string name, std::uint64_t content)
      : name_(std::move(name)), content_(content), size_(content) {}
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t, Span) const override {
    return fail(Code::internal, "{}: is not read while it is built", name_);
  }
  Result<void> write(std::uint64_t offset, View from) override {
    size_ = std::max(size_, offset + from.size());
    if (offset >= content_ && offset - content_ <= largest_gap && from.size() <= largest_end) {
      end_offset_ = offset;
      end_.assign(from.begin(), from.end());
    } else {
      touched_ = true;
    }
    return {};
  }
  Result<void> write_zeroes(std::uint64_t, std::uint64_t) override { return {}; }
  Result<void> resize(std::uint64_t size) override {
    if (size < content_) touched_ = true;
    size_ = size;
    return {};
  }
  Result<void> flush() override { return {}; }
  [[nodiscard]] Result<Run> run(std::uint64_t, std::uint64_t length) const override {
    return Run{length, true};
  }
  /// Whether the data stay as they are, and the end is one short piece.
  [[nodiscard]] bool whole() const {
    return !touched_ && (end_.empty() || end_offset_ + end_.size() == size_);
  }
  [[nodiscard]] const std::vector<std::byte>& end() const { return end_; }

 private:
  static constexpr std::uint64_t largest_gap = 1 << 20;  // sizes are rounded up to whole MiB
  static constexpr std::size_t largest_end = Change::longest_end;
  std::string name_;
  std::uint64_t content_, size_, end_offset_ = 0;
  bool touched_ = false;
  std::vector<std::byte> end_;
};

/// Gives a sketch for each further file of an image.
class Sketches final : public Neighbours {
 public:
  explicit Sketches(std::uint64_t content) : content_(content) {}
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    return fail(Code::forbidden, "{}: a new image reads no other file", name);
  }
  Result<std::shared_ptr<File>> create(const std::string& name) override {
    made.push_back(std::make_shared<Sketch>(name, content_));
    return std::shared_ptr<File>(made.back());
  }
  std::vector<std::shared_ptr<Sketch>> made;

 private:
  std::uint64_t content_;
};

std::unexpected<Error> cannot(const Format& format) {
  return fail(Code::unsupported,
              "{} with these options has tables in front of the data or between them: in place can "
              "be made raw, vhd (subformat=fixed), vmdk (subformat=monolithicFlat or vmfs) and "
              "qcow2 (data_file=NAME); convert without --in-place",
              format.name);
}

/// The block lies at its own place in a sketch: that one.
Result<Sketch*> place_at_home(const Format& format, Builder& builder, std::uint64_t block) {
  if (builder.placing() == nullptr) return cannot(format);
  TRY(auto place, builder.placing()->place(block));
  auto* sketch = dynamic_cast<Sketch*>(place.file);
  if (sketch == nullptr || place.offset != block * builder.block_size()) return cannot(format);
  return sketch;
}

}  // namespace

BuildOptions with_defaults(const Format& format, BuildOptions options, const SourceShape& source,
                           const InPlaceOptions& how) {
  options.size = source.content;
  options.sector_size = source.description.sector_size;
  auto& chosen = options.options;
  if (format.name == "vhd") chosen.try_emplace("subformat", "fixed");
  if (format.name == "vmdk") chosen.try_emplace("subformat", "monolithicFlat");
  if (format.name == "qcow2") {
    // A raw disk keeps its name; what was something else, or has the name that the QCOW2 gets, is
    // called by what it becomes.
    bool keeps = source.data_name != how.target &&
                 (source.description.format == "raw" || source.data_name != how.source);
    auto stem = std::filesystem::path(how.target).stem().string();
    chosen.try_emplace("data_file", keeps ? source.data_name : stem + ".raw");
    chosen.try_emplace("data_file_raw", "on");
    // Larger clusters for larger disks: the tables of a TiB are 4 MiB.
    constexpr std::uint64_t most_entries = 1 << 17;
    std::uint64_t cluster = 65536;
    while (cluster < (2 << 20) && source.content / cluster > most_entries) cluster *= 2;
    chosen.try_emplace("cluster_size", fmt::format("{}", cluster));
  }
  return options;
}

Result<std::string> data_name_in_target(const Format& format, const BuildOptions& options,
                                        const std::string& target) {
  auto tried = options;
  Sketches sketches(options.size);
  tried.neighbours = &sketches;
  auto main = std::make_shared<Sketch>(target, options.size);
  TRY(auto builder, build(format, main, tried));
  TRY(auto* sketch, place_at_home(format, *builder, 0));
  if (!plain_name(sketch->name()))
    return fail(Code::invalid, "'{}' is not a file's name", sketch->name());
  return sketch->name();
}

Result<void> build_around(const Format& format, BuildOptions options, std::shared_ptr<File> main,
                          Change& change) {
  Sketches sketches(change.content);
  options.neighbours = &sketches;
  auto sketch = std::make_shared<Sketch>(change.target, change.content);
  bool data_is_main = main == nullptr;
  TRY(auto builder, build(format, data_is_main ? sketch : std::move(main), options));
  TRY(auto* first, place_at_home(format, *builder, 0));
  auto last_block = (change.content - 1) / builder->block_size();
  auto* last = first;
  if (last_block != 0) {
    TRY(last, place_at_home(format, *builder, last_block));
  }
  bool one = data_is_main ? first == sketch.get() : sketches.made.size() == 1;
  if (first != last || !one) return cannot(format);
  TRY_VOID(builder->finish(Builder::Durability::durable));
  if (!first->whole()) return cannot(format);
  change.new_size = first->size();
  change.new_end = first->end();
  return {};
}

}  // namespace truce::image::in_place
