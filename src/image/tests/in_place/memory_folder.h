// A folder in memory that remembers what was done to it, and what a loss of power leaves of it.
#pragma once

#include <map>
#include <random>
#include <set>

#include "image/in_place.h"
#include "support.h"

namespace truce::image {

/// Names and what they hold.
struct FolderContent {
  std::map<std::string, std::uint64_t> names;
  std::map<std::uint64_t, Content> files;
};

/// One change, of a file or of the folder.
struct FolderStep {
  enum class Kind { write, resize, flush, create, rename, remove, sync } kind = Kind::sync;
  std::uint64_t inode = 0, offset = 0, length = 0;
  Content bytes;
  std::string name, to;
  [[nodiscard]] bool of_a_file() const { return kind <= Kind::flush; }
};

inline void apply(const FolderStep& step, FolderContent& content) {
  using Kind = FolderStep::Kind;
  if (step.of_a_file() && step.kind != Kind::flush) {
    auto& file = content.files[step.inode];
    if (step.kind == Kind::resize) file.resize(step.length);
    if (step.kind == Kind::write) {
      if (file.size() < step.offset + step.bytes.size())
        file.resize(step.offset + step.bytes.size());
      std::ranges::copy(step.bytes, file.begin() + static_cast<std::ptrdiff_t>(step.offset));
    }
  }
  if (step.kind == Kind::create) content.names[step.name] = step.inode;
  if (step.kind == Kind::remove) content.names.erase(step.name);
  if (step.kind == Kind::rename) {
    content.names[step.to] = content.names[step.name];
    content.names.erase(step.name);
  }
}

class MemoryFolder final : public Folder {
 public:
  explicit MemoryFolder(FolderContent start) : content(std::move(start)) {}
  FolderContent content;
  std::vector<FolderStep> steps;
  std::size_t fail_at = ~std::size_t{0};  ///< this step, and all after it, are refused
  std::size_t fail_once = ~std::size_t{0};
  std::set<std::uint64_t> linked;  ///< inodes with a second name elsewhere

  Result<void> take(FolderStep step) {
    if (steps.size() >= fail_at || tried_++ == fail_once)
      return fail(Code::io, "No space left on device");
    apply(step, content);
    steps.push_back(std::move(step));
    return {};
  }

  Result<std::optional<Entry>> look(const std::string& name) override {
    auto found = content.names.find(name);
    if (found == content.names.end()) return std::nullopt;
    return Entry{found->second, content.files[found->second].size(),
                 linked.contains(found->second) ? 2U : 1U};
  }
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    auto found = content.names.find(name);
    if (found == content.names.end()) return fail(Code::not_found, "{}", name);
    if (!in_use(found->second)) return fail(Code::conflict, "{}: is in use", name);
    return handle(name, found->second);
  }
  Result<std::vector<std::byte>> read(const std::string& name, std::size_t limit) override {
    auto found = content.names.find(name);
    if (found == content.names.end()) return fail(Code::not_found, "{}", name);
    auto& bytes = content.files[found->second];
    if (bytes.size() > limit) return fail(Code::limit, "{}", name);
    return bytes;
  }
  Result<std::shared_ptr<File>> create(const std::string& name,
                                       const std::string& called) override {
    if (content.names.contains(name)) return fail(Code::conflict, "{}", name);
    std::uint64_t inode = 100;  // a new one also where a loss of power has left gaps
    for (const auto& [other, bytes] : content.files) inode = std::max(inode, other + 1);
    for (const auto& [taken, other] : content.names) inode = std::max(inode, other + 1);
    TRY_VOID(take({.kind = FolderStep::Kind::create, .inode = inode, .name = name}));
    content.files[inode];
    return handle(called, inode);
  }
  Result<void> rename(const std::string& from, const std::string& to, Existing existing) override {
    if (existing == Existing::refuse && content.names.contains(to))
      return fail(Code::conflict, "{}", to);
    if (!content.names.contains(from)) return fail(Code::not_found, "{}", from);
    return take({.kind = FolderStep::Kind::rename, .name = from, .to = to});
  }
  Result<void> remove(const std::string& name) override {
    if (!content.names.contains(name)) return {};
    return take({.kind = FolderStep::Kind::remove, .name = name});
  }
  Result<void> sync() override { return take({.kind = FolderStep::Kind::sync}); }
  Result<std::vector<std::string>> ending(const std::string& suffix) override {
    std::vector<std::string> found;
    for (const auto& [name, inode] : content.names)
      if (name.ends_with(suffix)) found.push_back(name);
    return found;
  }

 private:
  class Handle;
  Result<std::shared_ptr<File>> handle(const std::string& name, std::uint64_t inode);
  bool in_use(std::uint64_t inode) { return opened_[inode].expired(); }
  std::map<std::uint64_t, std::weak_ptr<File>> opened_;
  std::size_t tried_ = 0;
};

class MemoryFolder::Handle final : public File {
 public:
  Handle(MemoryFolder& folder, std::string name, std::uint64_t inode)
      : folder_(folder), name_(std::move(name)), inode_(inode) {}
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return bytes().size(); }
  Result<void> read(std::uint64_t offset, Span into) const override {
    if (!inside(offset, into.size(), size())) return fail(Code::corrupt, "{}: ends", name_);
    std::ranges::copy(View(bytes()).subspan(offset, into.size()), into.begin());
    return {};
  }
  Result<void> write(std::uint64_t offset, View from) override {
    return folder_.take({.kind = FolderStep::Kind::write,
                         .inode = inode_,
                         .offset = offset,
                         .bytes = Content(from.begin(), from.end())});
  }
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override {
    auto end = size();
    if (offset >= end) return {};
    return write(offset, Content(std::min(length, end - offset)));
  }
  Result<void> resize(std::uint64_t size) override {
    return folder_.take({.kind = FolderStep::Kind::resize, .inode = inode_, .length = size});
  }
  Result<void> flush() override {
    return folder_.take({.kind = FolderStep::Kind::flush, .inode = inode_});
  }
  [[nodiscard]] Result<Run> run(std::uint64_t, std::uint64_t length) const override {
    return Run{length, true};
  }

 private:
  [[nodiscard]] const Content& bytes() const { return folder_.content.files[inode_]; }
  MemoryFolder& folder_;
  std::string name_;
  std::uint64_t inode_;
};

inline Result<std::shared_ptr<File>> MemoryFolder::handle(const std::string& name,
                                                          std::uint64_t inode) {
  auto made = std::make_shared<Handle>(*this, name, inode);
  opened_[inode] = made;
  return std::shared_ptr<File>(std::move(made));
}

/// What is left of `start` after the first `count` steps and a loss of power: all that was flushed
/// and synced; of the other changes of names the first ones, of those of files any.
inline FolderContent after_power_loss(FolderContent start, const std::vector<FolderStep>& steps,
                                      std::size_t count, std::mt19937_64& random) {
  std::size_t synced = 0;
  std::map<std::uint64_t, std::size_t> flushed;
  for (std::size_t i = 0; i < count; ++i) {
    if (steps[i].kind == FolderStep::Kind::sync) synced = i;
    if (steps[i].kind == FolderStep::Kind::flush) flushed[steps[i].inode] = i;
  }
  auto names_until = synced + random() % (count - synced + 1);
  for (std::size_t i = 0; i < count; ++i) {
    bool kept = steps[i].of_a_file() ? i < flushed[steps[i].inode] || random() % 2 == 0
                                     : i < synced || i < names_until;
    if (kept) apply(steps[i], start);
  }
  return start;
}

}  // namespace truce::image
