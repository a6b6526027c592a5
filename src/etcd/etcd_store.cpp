#include "etcd/etcd_store.h"

#include <algorithm>

#include "commits.h"
#include "follower.h"

namespace truce::etcd {

using store::Listing;

namespace {

constexpr auto range_method = "/etcdserverpb.KV/Range";
constexpr std::int64_t entries_in_page = 2'000;
constexpr int listing_attempts = 5;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

Result<void> check(const Options& options) {
  if (options.client.empty() || options.client.size() > 64 ||
      !std::ranges::all_of(options.client, is_plain))
    return fail(Code::invalid, "etcd: the client's name is 1 to 64 letters, digits, '.', '_', '-'");
  if (options.prefix.empty() || options.prefix.size() > 256 || !options.prefix.ends_with('/'))
    return fail(Code::invalid, "etcd: the prefix is 1 to 256 bytes, and '/' is the last");
  if (options.user.empty() != !options.password)
    return fail(Code::invalid, "etcd: a user and a password are given together");
  if (options.attempt <= 0ms || options.limit < options.attempt)
    return fail(Code::invalid, "etcd: an operation may not take less than one attempt");
  return {};
}

}  // namespace

struct EtcdStore::Parts {
  [[nodiscard]] std::string prefix() const { return members->options().prefix + "objects/"; }

  static Async<Result<Listing>> list(std::shared_ptr<Parts> self, std::string prefix);
  Async<Result<RangeReply>> page(const std::string& first, const std::string& end,
                                 Revision revision);
  Async<Result<Revision>> read_revision();

  std::shared_ptr<Members> members;
  std::shared_ptr<store::Past> past;
  std::shared_ptr<Follower> follower;
  std::shared_ptr<Commits> commits;
  std::int64_t entries = entries_in_page;  ///< in a page, less once they were found to be large
};

EtcdStore::EtcdStore(std::shared_ptr<Parts> parts) : parts_(std::move(parts)) {}

EtcdStore::~EtcdStore() {
  parts_->commits->close();
  parts_->past->close();
  parts_->follower->close();
  parts_->members->close();
}

Async<Result<std::unique_ptr<EtcdStore>>> EtcdStore::open(asio::any_io_executor loop,
                                                          Options options) {
  CO_TRY_VOID(check(options));
  CO_TRY(auto wire, Wire::make(loop, options));
  auto parts = std::make_shared<Parts>();
  parts->members = std::make_shared<Members>(std::move(wire), options);
  CO_TRY(auto revision, co_await parts->read_revision());
  parts->past = std::make_shared<store::Past>(loop, revision);
  parts->follower = std::make_shared<Follower>(loop, parts->members, parts->past, parts->prefix());
  parts->commits = std::make_shared<Commits>(
      std::move(loop), parts->members,
      [follower = parts->follower](Revision changed) { follower->expect(changed); });
  CO_TRY_VOID(co_await parts->commits->open());
  parts->follower->start();
  co_return std::unique_ptr<EtcdStore>(new EtcdStore(std::move(parts)));
}

Async<Result<Revision>> EtcdStore::Parts::read_revision() {
  CO_TRY(auto bytes,
         co_await members->ask(range_method, list_request(prefix(), end_of(prefix()), 1, 0)));
  CO_TRY(auto present, parse_range(bytes));
  co_return present.revision;
}

Async<Result<std::optional<Entry>>> EtcdStore::get(std::string key) {
  auto parts = parts_;
  if (key.empty() || key.size() > store::max_key_size) co_return std::nullopt;
  CO_TRY(auto bytes,
         co_await parts->members->ask(range_method, get_request(parts->prefix() + key)));
  CO_TRY(auto found, parse_range(bytes));
  if (found.entries.empty()) co_return std::nullopt;
  auto entry = std::move(found.entries.front());
  entry.key = std::move(key);
  co_return entry;
}

Async<Result<Listing>> EtcdStore::list(std::string prefix) {
  return Parts::list(parts_, std::move(prefix));
}

// All pages are of the first one's revision. When that is compacted meanwhile, it begins anew.
Async<Result<Listing>> EtcdStore::Parts::list(std::shared_ptr<Parts> self, std::string prefix) {
  auto under = self->prefix();
  auto first = under + prefix;
  auto end = end_of(first);
  Listing listing;
  int attempt = 1;
  for (auto more = true; more;) {
    auto page = co_await self->page(first, end, listing.revision);
    if (!page && page.error().code == Code::limit && attempt++ < listing_attempts) {
      listing = {};
      first = under + prefix;
      continue;
    }
    if (!page) co_return std::unexpected(std::move(page).error());
    if (listing.revision == 0) listing.revision = page->revision;
    more = page->more && !page->entries.empty();
    if (more) first = page->entries.back().key + '\0';
    for (auto& entry : page->entries) {
      entry.key.erase(0, under.size());
      listing.entries.push_back(std::move(entry));
    }
  }
  co_return listing;
}

Async<Result<RangeReply>> EtcdStore::Parts::page(const std::string& first, const std::string& end,
                                                 Revision revision) {
  while (true) {
    auto bytes = co_await members->ask(range_method, list_request(first, end, entries, revision));
    if (bytes) co_return parse_range(*bytes);
    if (bytes.error().code != Code::invalid || entries == 1)
      co_return std::unexpected(std::move(bytes).error());
    entries = std::max<std::int64_t>(entries / 8, 1);  // the page was larger than a message may be
  }
}

Async<Result<Revision>> EtcdStore::commit(std::vector<Condition> conditions,
                                          std::vector<Write> writes) {
  return parts_->commits->commit(std::move(conditions), std::move(writes));
}

std::unique_ptr<store::Watch> EtcdStore::watch(std::string prefix, Revision from) {
  return parts_->past->watch(std::move(prefix), from);
}

}  // namespace truce::etcd
