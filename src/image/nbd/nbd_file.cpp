#include "image/nbd_file.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>

#include "byte_order.h"
#include "nbd/link.h"

namespace truce::image {
namespace {

using nbd::Link;
using nbd::Stretch;

constexpr std::uint64_t zeroes_at_once = std::uint64_t{1} << 30U;
constexpr std::uint64_t status_at_once = std::uint64_t{1} << 31U;
constexpr unsigned most_connections = 16;

}  // namespace

/// The connections of a file, and what the server has said about what is stored.
class NbdFile::Pool {
 public:
  static Result<std::unique_ptr<Pool>> open(std::string name, const NbdFileOptions& options,
                                            Link::Begin begin) {
    std::unique_ptr<Pool> pool(new Pool(std::move(name), options, std::move(begin)));
    TRY(auto first, Link::connect(pool->name_, options, pool->begin_));
    bool wants_to_write = options.access == NbdFileOptions::Access::read_write;
    if (wants_to_write && first->read_only())
      return fail(Code::forbidden, "{}: the server lets it be read only", pool->name_);
    pool->size_ = first->size();
    pool->smallest_ = first->smallest();
    pool->largest_ = first->largest();
    pool->zeroes_ = first->zeroes();
    pool->allocation_ = first->allocation();
    pool->writable_ = wants_to_write;
    pool->limit_ = first->several() ? std::clamp(options.connections, 1U, most_connections) : 1;
    pool->idle_.push_back(std::move(first));
    pool->open_ = 1;
    if (options.opening == NbdFileOptions::Opening::at_once) pool->open_more();
    return pool;
  }

  /// Runs `work` on a connection of its own. Once a connection is lost all fails: what it had
  /// written and not flushed is in doubt.
  template <class Work>
  auto with(Work&& work) -> decltype(work(std::declval<Link&>())) {
    TRY(auto link, take());
    auto done = work(*link);
    std::lock_guard lock(mutex_);
    if (link->dead()) {
      broken_ = done ? Error{Code::io, fmt::format("{}: the connection is lost", name_), {}}
                     : done.error();
    } else {
      idle_.push_back(std::move(link));
    }
    returned_.notify_all();
    return done;
  }

  Result<Run> run(std::uint64_t offset, std::uint64_t length);
  void forget_runs() {
    std::lock_guard lock(mutex_);
    ++changes_;
    known_.clear();
  }
  [[nodiscard]] unsigned connections() {
    std::lock_guard lock(mutex_);
    return limit_;
  }
  Result<void> whole_blocks(std::uint64_t offset, Span into);
  Result<void> into_blocks(std::uint64_t offset, View from);
  Result<void> check(std::uint64_t offset, std::uint64_t length, std::string_view what) const {
    if (inside(offset, length, size_)) return {};
    return fail(Code::corrupt, "{}: {} of {} bytes at {}, the disk has {}", name_, what, length,
                offset, size_);
  }
  Result<void> check_writable() const {
    if (writable_) return {};
    return fail(Code::forbidden, "{}: is open for reading", name_);
  }

  std::string name_;
  std::uint64_t size_ = 0, smallest_ = 1, largest_ = 0;
  bool zeroes_ = false, allocation_ = false, writable_ = false;

 private:
  Pool(std::string name, const NbdFileOptions& options, Link::Begin begin)
      : name_(std::move(name)), options_(options), begin_(std::move(begin)) {}
  Result<std::unique_ptr<Link>> take();
  void open_more();
  [[nodiscard]] std::optional<Run> known_at(std::uint64_t offset, std::uint64_t length) const;

  NbdFileOptions options_;
  Link::Begin begin_;
  std::mutex mutex_, partial_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Link>> idle_;
  unsigned open_ = 0, limit_ = 1;
  std::optional<Error> broken_;
  std::uint64_t known_from_ = 0, changes_ = 0;
  std::vector<Stretch> known_;
};

// As many as there may be. A server that takes no more of them: those that there are must do.
void NbdFile::Pool::open_more() {
  while (open_ < limit_) {
    auto link = Link::connect(name_, options_, begin_);
    if (!link || (*link)->size() != size_) break;
    idle_.push_back(*std::move(link));
    ++open_;
  }
  limit_ = open_;
}

Result<std::unique_ptr<Link>> NbdFile::Pool::take() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [&] { return broken_ || !idle_.empty() || open_ < limit_; });
  if (broken_) return std::unexpected(*broken_);
  if (!idle_.empty()) {
    auto link = std::move(idle_.back());
    idle_.pop_back();
    return link;
  }
  ++open_;
  lock.unlock();
  auto link = Link::connect(name_, options_, begin_);
  if (link && (*link)->size() == size_) return link;
  lock.lock();
  --open_;
  // A server that takes no more of them: those that there are must do.
  limit_ = std::max(open_, 1U);
  returned_.wait(lock, [&] { return broken_ || !idle_.empty(); });
  if (broken_) return std::unexpected(*broken_);
  auto other = std::move(idle_.back());
  idle_.pop_back();
  return other;
}

std::optional<Run> NbdFile::Pool::known_at(std::uint64_t offset, std::uint64_t length) const {
  auto at = known_from_;
  for (std::size_t i = 0; i < known_.size() && at <= offset; ++i) {
    auto end = at + known_[i].length;
    if (offset < end) {
      for (auto next = i + 1; next < known_.size() && known_[next].stored == known_[i].stored;
           ++next)
        end += known_[next].length;
      return Run{std::min(end - offset, length), known_[i].stored};
    }
    at = end;
  }
  return std::nullopt;
}

Result<Run> NbdFile::Pool::run(std::uint64_t offset, std::uint64_t length) {
  TRY_VOID(check(offset, length, "a look"));
  if (!allocation_ || length == 0) return Run{length, true};
  std::uint64_t changes = 0;
  {
    std::lock_guard lock(mutex_);
    if (auto known = known_at(offset, length)) return *known;
    changes = changes_;
  }
  // More than was asked for: the next question is about what follows.
  auto from = offset - offset % smallest_;
  auto whole = std::min(size_ - from, status_at_once);
  TRY(auto stretches, with([&](Link& link) { return link.status(from, whole); }));
  std::lock_guard lock(mutex_);
  auto kept_from = std::exchange(known_from_, from);
  auto kept = std::exchange(known_, std::move(stretches));
  auto answer = known_at(offset, length);
  if (changes != changes_) {  // somebody wrote meanwhile
    known_from_ = kept_from;
    known_ = std::move(kept);
  }
  return answer.value_or(Run{1, true});
}

// What lies around an odd range is read with it.
Result<void> NbdFile::Pool::whole_blocks(std::uint64_t offset, Span into) {
  auto first = offset - offset % smallest_;
  auto end = round_up(offset + into.size(), smallest_);
  if (first == offset && end == offset + into.size())
    return with([&](Link& link) { return link.read(offset, into); });
  std::vector<std::byte> blocks(end - first);
  TRY_VOID(with([&](Link& link) { return link.read(first, blocks); }));
  std::memcpy(into.data(), blocks.data() + (offset - first), into.size());
  return {};
}

Result<void> NbdFile::Pool::into_blocks(std::uint64_t offset, View from) {
  auto first = offset - offset % smallest_;
  auto end = round_up(offset + from.size(), smallest_);
  if (first == offset && end == offset + from.size())
    return with([&](Link& link) { return link.write(offset, from); });
  // Two that share a block must not overwrite each other's part.
  std::lock_guard alone(partial_);
  std::vector<std::byte> blocks(end - first);
  return with([&](Link& link) -> Result<void> {
    TRY_VOID(link.read(first, blocks));
    std::memcpy(blocks.data() + (offset - first), from.data(), from.size());
    return link.write(first, blocks);
  });
}

NbdFile::NbdFile(std::unique_ptr<Pool> pool) : pool_(std::move(pool)) {}
NbdFile::~NbdFile() = default;

Result<std::shared_ptr<NbdFile>> NbdFile::open(const std::string& uri,
                                               const NbdFileOptions& options) {
  auto scheme = uri.substr(0, uri.find("://"));
  if (scheme != "nbd" && scheme != "nbds" && scheme != "nbd+unix" && scheme != "nbds+unix")
    return fail(Code::invalid, "{}: is no address of an NBD server: nbd://HOST:PORT/EXPORT", uri);
  TRY(auto pool, Pool::open(uri, options, [uri](nbd_handle* handle) {
        return nbd_aio_connect_uri(handle, uri.c_str());
      }));
  return std::shared_ptr<NbdFile>(new NbdFile(std::move(pool)));
}

Result<std::shared_ptr<NbdFile>> NbdFile::adopt(Fd stream, const std::string& export_name,
                                                const NbdFileOptions& options) {
  auto single = options;
  single.connections = 1;
  // Called once, here: there will be no second connection.
  auto begin = [&](nbd_handle* handle) {
    if (nbd_set_export_name(handle, export_name.c_str()) != 0) return -1;
    return nbd_aio_connect_socket(handle, stream.release());
  };
  TRY(auto pool, Pool::open("NBD stream", single, begin));
  return std::shared_ptr<NbdFile>(new NbdFile(std::move(pool)));
}

std::string NbdFile::name() const {
  return pool_->name_;
}
std::uint64_t NbdFile::size() const {
  return pool_->size_;
}
bool NbdFile::read_only() const {
  return !pool_->writable_;
}
unsigned NbdFile::connections() const {
  return pool_->connections();
}

Result<void> NbdFile::read(std::uint64_t offset, Span into) const {
  TRY_VOID(pool_->check(offset, into.size(), "a read"));
  while (!into.empty()) {
    auto part = into.first(
        std::min<std::uint64_t>(into.size(), pool_->largest_ - offset % pool_->smallest_));
    TRY_VOID(pool_->whole_blocks(offset, part));
    into = into.subspan(part.size());
    offset += part.size();
  }
  return {};
}

Result<void> NbdFile::write(std::uint64_t offset, View from) {
  TRY_VOID(pool_->check_writable());
  TRY_VOID(pool_->check(offset, from.size(), "a write"));
  while (!from.empty()) {
    auto part = from.first(
        std::min<std::uint64_t>(from.size(), pool_->largest_ - offset % pool_->smallest_));
    auto written = pool_->into_blocks(offset, part);
    pool_->forget_runs();
    if (!written) return written;
    from = from.subspan(part.size());
    offset += part.size();
  }
  return {};
}

Result<void> NbdFile::write_zeroes(std::uint64_t offset, std::uint64_t length) {
  TRY_VOID(pool_->check_writable());
  if (offset >= pool_->size_) return {};
  length = std::min(length, pool_->size_ - offset);
  auto unit = pool_->smallest_;
  std::vector<std::byte> zeroes;
  while (length > 0) {
    auto to_block = (unit - offset % unit) % unit;
    bool whole = pool_->zeroes_ && to_block == 0 && length >= unit;
    auto part = whole ? std::min(length - length % unit, zeroes_at_once)
                      : std::min<std::uint64_t>(
                            length, to_block != 0 ? to_block : (pool_->zeroes_ ? unit : 1U << 20U));
    if (!whole) {
      zeroes.resize(part);
      TRY_VOID(write(offset, zeroes));
    } else {
      auto done = pool_->with([&](Link& link) { return link.write_zeroes(offset, part); });
      pool_->forget_runs();
      if (!done) return done;
    }
    offset += part;
    length -= part;
  }
  return {};
}

Result<void> NbdFile::resize(std::uint64_t size) {
  if (size == pool_->size_) return {};
  return fail(Code::unsupported, "{}: a disk on an NBD server keeps its size", pool_->name_);
}

Result<void> NbdFile::flush() {
  if (!pool_->writable_) return {};
  return pool_->with([](Link& link) { return link.flush(); });
}

Result<Run> NbdFile::run(std::uint64_t offset, std::uint64_t length) const {
  return pool_->run(offset, length);
}

}  // namespace truce::image
