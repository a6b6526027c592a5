#include "store/copy.h"

#include <algorithm>
#include <map>

#include "base/sha256.h"

namespace truce::store {

namespace {

/// Present while a copy is under way. No key of a store begins so.
constexpr std::string_view mark_key =
    "\x01"
    "copy";

constexpr std::size_t writes_at_once = 100;
/// Of keys and values: etcd takes 1.5 MB.
constexpr std::size_t bytes_at_once = 256UL * 1024;

struct Target {
  std::vector<Entry> entries;  ///< without the mark
  Revision mark = 0;           ///< its last change; 0: absent
};

Async<Result<Target>> read_target(Store& store) {
  CO_TRY(auto listing, co_await store.list(""));
  Target target;
  for (auto& entry : listing.entries) {
    if (entry.key == mark_key) {
      target.mark = entry.modified;
    } else {
      target.entries.push_back(std::move(entry));
    }
  }
  co_return target;
}

/// What has to be written to make `have` what `want` is.
std::vector<Write> difference(const std::vector<Entry>& want, const std::vector<Entry>& have) {
  std::map<std::string_view, std::string_view> present;
  for (const auto& entry : have) present.emplace(entry.key, entry.value);
  std::vector<Write> writes;
  for (const auto& entry : want) {
    auto found = present.find(entry.key);
    bool same = found != present.end() && found->second == entry.value;
    if (found != present.end()) present.erase(found);
    if (!same) writes.push_back({entry.key, entry.value});
  }
  for (const auto& [key, value] : present) writes.push_back({std::string(key), std::nullopt});
  return writes;
}

/// Every commit demands the mark as it is, so that of two copies at once one ends.
Async<Result<void>> write_all(Store& to, Revision mark, std::vector<Write> writes) {
  std::vector<Write> some;
  std::size_t bytes = 0;
  for (auto& write : writes) {
    auto size = write.key.size() + (write.value ? write.value->size() : 0);
    if (!some.empty() && (some.size() == writes_at_once || bytes + size > bytes_at_once)) {
      CO_TRY_VOID(co_await to.commit({{std::string(mark_key), mark}}, std::exchange(some, {})));
      bytes = 0;
    }
    bytes += size;
    some.push_back(std::move(write));
  }
  if (some.empty()) co_return Result<void>{};
  CO_TRY_VOID(co_await to.commit({{std::string(mark_key), mark}}, std::move(some)));
  co_return Result<void>{};
}

/// Reads both again.
Async<Result<Content>> verify(Store& from, Store& to, Revision source, Content wanted) {
  CO_TRY(auto written, co_await read_target(to));
  auto found = content_of(written.entries);
  if (found != wanted) {
    co_return fail(Code::corrupt, "{} entries (SHA-256 {}) were read back, not {} ({})",
                   found.entries, found.digest, wanted.entries, wanted.digest);
  }
  CO_TRY(auto now, co_await from.list(""));
  if (now.revision != source && content_of(now.entries) != wanted) {
    co_return fail(Code::conflict, "the store that is copied has changed meanwhile");
  }
  co_return found;
}

}  // namespace

Content content_of(const std::vector<Entry>& entries) {
  Sha256 digest;
  for (const auto& entry : entries) {
    digest.update(fmt::format("{} {} ", entry.key.size(), entry.value.size()));
    digest.update(entry.key);
    digest.update(entry.value);
  }
  return {entries.size(), digest.finish()};
}

Async<Result<bool>> copy_underway(Store& store) {
  CO_TRY(auto mark, co_await store.get(std::string(mark_key)));
  co_return mark.has_value();
}

Async<Result<Content>> copy(Store& from, Store& to) {
  CO_TRY(auto source, co_await from.list(""));
  if (std::ranges::find(source.entries, mark_key, &Entry::key) != source.entries.end()) {
    co_return fail(Code::precondition,
                   "the store that is copied is itself a copy that has not ended");
  }
  auto wanted = content_of(source.entries);
  CO_TRY(auto target, co_await read_target(to));
  if (target.mark == 0 && !target.entries.empty()) {
    if (content_of(target.entries) == wanted) co_return wanted;
    co_return fail(Code::conflict, "the store that is copied to has {} entries already",
                   target.entries.size());
  }
  // Also when it is there: the mark's new revision ends whoever else is about to copy.
  CO_TRY(auto mark,
         co_await to.commit({{std::string(mark_key), target.mark}},
                            {{std::string(mark_key), wanted.digest + to_string(now())}}));
  CO_TRY_VOID(co_await write_all(to, mark, difference(source.entries, target.entries)));
  CO_TRY(auto found, co_await verify(from, to, source.revision, wanted));
  CO_TRY_VOID(
      co_await to.commit({{std::string(mark_key), mark}}, {{std::string(mark_key), std::nullopt}}));
  co_return found;
}

}  // namespace truce::store
