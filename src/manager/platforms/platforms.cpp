#include "platforms/platforms.h"

#include <boost/json.hpp>

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "http/client.h"
#include "model/platform_address.h"
#include "platform/stored.h"
#include "platforms/address.h"
#include "tasks.h"

namespace truce::manager {
namespace {

constexpr Duration try_limit = 30s;
constexpr Duration farewell = 2s;
constexpr Duration sync_limit = 5min;  // a large estate is read for long
constexpr std::string_view picture_ending = ".picture";
constexpr std::string_view authorities_ending = ".ca";
// Writing pictures takes at most one part in so many of the time.
constexpr int seldom = 50;
// A picture that has not changed is written again for its age.
constexpr Duration oldest_age = 60s;

/// The first line of a file with a picture: whose it is. One of another platform of the same name
/// would be full of phantoms.
std::string head_of(const model::Platform& platform) {
  return platform.id + "\n";
}

/// Signs out, if that is quick; `there` is held by the caller.
Async<void> leave(platform::Platform& there) {
  auto signed_out = [](platform::Platform& from) -> Async<Result<void>> {
    co_await from.close();
    co_return Result<void>{};
  };
  (void)co_await within(farewell, signed_out(there), "signing out");
}

/// Tasks of a life before: whoever carried them out is gone. Moves go on.
Async<Result<void>> end_lost_tasks(Ledger& ledger) {
  const auto& inventory = ledger.inventory();
  for (bool all = false; !all;) {
    CO_TRY_VOID(co_await ledger.change({}, [&](Change& change) -> Result<void> {
      all = false;
      for (const auto& name : inventory.live_tasks()) {
        if (change.full()) return {};
        auto kept = inventory.find<model::Task>(name);
        if (!kept->object.target.starts_with("platforms/")) continue;
        if (inventory.find<model::Relocation>(name)) continue;
        end_task(change, kept->object, model::TaskState::failed,
                 "the manager has ended meanwhile: the machine shows whether it took effect");
      }
      all = true;
      return {};
    }));
  }
  co_return Result<void>{};
}

}  // namespace

/// A platform's connection and what it has told.
struct Platforms::Watch {
  Watch(asio::any_io_executor loop, model::Platform made) : stored(std::move(made)), scope(loop) {}

  [[nodiscard]] const platform::Inventory& inventory() const {
    return feed ? feed->inventory() : known;
  }
  [[nodiscard]] bool has_told() const { return inventory().known() && inventory().told() >= begun; }
  [[nodiscard]] const Error* trouble() const {
    if (broken) return &*broken;
    return feed && feed->trouble() ? &*feed->trouble() : nullptr;
  }

  model::Platform stored;  ///< as it was when this began
  Time begun = now();
  std::optional<Error> broken;  ///< why nothing is even tried
  platform::Inventory known;    ///< of before, where there is no feed
  std::shared_ptr<platform::Platform> platform;
  std::unique_ptr<platform::Feed> feed;
  bool again = false;    ///< all is to be read anew
  bool unsaved = false;  ///< the picture is another one than that in the file
  Time saved{};          ///< how old the one in the file is
  std::chrono::steady_clock::time_point next_save{};
  Scope scope;
};

Platforms::Platforms(asio::any_io_executor loop, Ledger& ledger, const Settings& settings)
    : loop_(loop), ledger_(ledger), settings_(settings), scope_(std::move(loop)) {}

Platforms::~Platforms() = default;

std::filesystem::path Platforms::file(std::string_view name, std::string_view ending) const {
  return settings_.platforms_folder / fmt::format("{}{}", name, ending);
}

Platforms::WatchPtr Platforms::watch_of(std::string_view name) const {
  auto found = watches_.find(name);
  // One that is gone from the store is gone, if its feed has not ended yet.
  auto kept = ledger_.inventory().find<model::Platform>(name);
  bool same = found != watches_.end() && kept && kept->object.id == found->second->stored.id;
  return same ? found->second : nullptr;
}

const platform::Inventory* Platforms::inventory_of(std::string_view name) const {
  auto watch = watch_of(name);
  return watch && watch->inventory().known() ? &watch->inventory() : nullptr;
}

model::Platform Platforms::describe(model::Platform stored) const {
  const auto* all = inventory_of(stored.name);
  if (all == nullptr) return stored;
  stored.told = all->told();
  stored.age_seconds = std::max<std::int64_t>(
      0, std::chrono::duration_cast<std::chrono::seconds>(now() - all->told()).count());
  stored.vms = static_cast<std::int64_t>(all->machines().size());
  stored.hosts = static_cast<std::int64_t>(all->hosts().size());
  stored.pools = static_cast<std::int64_t>(all->pools().size());
  stored.networks = static_cast<std::int64_t>(all->networks().size());
  return stored;
}

Result<std::shared_ptr<platform::Platform>> Platforms::connection(std::string_view name) const {
  auto watch = watch_of(name);
  if (watch && watch->trouble())
    return fail(Code::unavailable, "{}: {}", name, watch->trouble()->message);
  if (!watch || !watch->has_told())
    return fail(Code::unavailable, "{} is not reached yet: truce platform show {}", name, name);
  return watch->platform;
}

platform::Transfers::Devices Platforms::devices_of(std::string_view name) const {
  auto watch = watch_of(name);
  auto* transfers = watch && watch->platform ? watch->platform->transfers() : nullptr;
  return transfers == nullptr ? platform::Transfers::Devices::vmware : transfers->devices();
}

// --- how a platform is reached ------------------------------------------------------------------

Async<Result<SecretPtr>> Platforms::password_of(model::Platform platform) {
  if (!model::needs_password(platform.url)) co_return SecretPtr();
  const auto& name = platform.name;
  CO_TRY(auto entry, co_await ledger_.store().get(platform_secret_key(name)));
  if (!entry || settings_.seals == nullptr)
    co_return fail(Code::precondition, "there is no password for {}: set it again", name);
  co_return settings_.seals->open(entry->value, platform_secret_place(name));
}

Async<Result<platform::Account>> Platforms::account_of(model::Platform platform,
                                                       SecretPtr password) {
  CO_TRY(auto address, read_platform_address(platform.url));
  platform::Account account;
  account.url = address.url;
  account.user = address.user;
  account.password = std::move(password);
  account.trust.fingerprint = platform.fingerprint;
  if (!platform.ca.empty()) {
    if (settings_.platforms_folder.empty())
      co_return fail(Code::unsupported, "this manager has no folder for authorities");
    auto path = file(platform.name, authorities_ending);
    CO_TRY_VOID(make_folder(settings_.platforms_folder, 0700));
    CO_TRY_VOID(write_file_durably(path, platform.ca));
    account.trust.authorities = path.string();
  }
  co_return account;
}

Result<std::unique_ptr<platform::Platform>> Platforms::open(const model::Platform& platform,
                                                            platform::Account account) const {
  TRY(auto address, read_platform_address(platform.url));
  auto kind = settings_.platform_kinds.find(address.scheme);
  if (kind != settings_.platform_kinds.end()) return kind->second(loop_, std::move(account));
  std::string known;
  for (const auto& [scheme, open] : settings_.platform_kinds)
    known += (known.empty() ? "" : ", ") + scheme;
  return fail(Code::invalid, "'{}' is no kind of platform; known: {}", address.scheme, known);
}

// Never as unauthenticated or forbidden: that would be said of the caller.
Async<Error> Platforms::explained(Error why, model::Platform wish, std::string url) {
  bool has_password = model::needs_password(wish.url), has_fingerprint = url.starts_with("https:");
  if (why.code == Code::unauthenticated) {
    why.code = Code::precondition;
    why.field = has_password ? "/password" : "/url";
  }
  if (why.code != Code::forbidden) co_return why;
  why.code = Code::precondition;
  why.field = has_fingerprint ? "/fingerprint" : "/url";
  if (!has_fingerprint || !wish.fingerprint.empty()) co_return why;
  auto seen = co_await http::server_fingerprint(loop_, url);
  if (seen)
    why.message += fmt::format(
        ". It shows the fingerprint {0}: compare that with the one that the platform "
        "itself tells; if it is the same, accept it: --fingerprint {0}",
        *seen);
  co_return why;
}

Async<Result<void>> Platforms::try_out(model::Platform wish, SecretPtr password) {
  auto address = read_platform_address(wish.url);
  if (!address) co_return fail_field("/url", address.error().message);
  if (!address->url.starts_with("https:") && !(wish.fingerprint.empty() && wish.ca.empty()))
    co_return fail_field(
        wish.fingerprint.empty() ? "/ca" : "/fingerprint",
        "is not for libvirt and ssh, which have their own certificates and known hosts");
  wish.name = ".try-" + random_hex(6);
  auto account = co_await account_of(wish, std::move(password));
  auto url = account ? account->url : std::string();
  auto platform = account ? open(wish, *std::move(account))
                          : std::unexpected(std::move(account).error().within("the authorities"));
  if (!platform) {
    (void)remove_tree(file(wish.name, authorities_ending));
    co_return fail_field("/url", platform.error().message);
  }
  auto done = co_await within(try_limit, (*platform)->connect(), url);
  if (done)
    co_await leave(**platform);
  else
    done = std::unexpected(co_await explained(std::move(done).error(), wish, url));
  if (!wish.ca.empty()) (void)remove_tree(file(wish.name, authorities_ending));
  co_return done;
}

// --- feeds --------------------------------------------------------------------------------------

platform::Inventory Platforms::read_picture(const model::Platform& platform) const {
  platform::Inventory known;
  std::error_code ec;
  auto path = file(platform.name, picture_ending);
  if (settings_.platforms_folder.empty() || !std::filesystem::exists(path, ec)) return known;
  auto text = read_file(path, gib(1));
  if (!text || !text->starts_with(head_of(platform))) return known;
  auto picture = platform::read_text(std::string_view(*text).substr(head_of(platform).size()));
  if (!picture) {
    spdlog::warn("platform {}: {}: {}", platform.name, path.string(), picture.error().message);
    return known;
  }
  known.apply(*std::move(picture));
  return known;
}

// By a worker, from a copy: of ten thousand machines it is some 20 MB, which the loop does not wait
// for.
Async<void> Platforms::save(WatchPtr watch) {
  watch->unsaved = false;
  if (settings_.platforms_folder.empty() || !watch->inventory().known()) co_return;
  watch->saved = watch->inventory().told();
  auto start = std::chrono::steady_clock::now();
  auto done =
      co_await run_blocking(writer_,
                            [folder = settings_.platforms_folder, head = head_of(watch->stored),
                             path = file(watch->stored.name, picture_ending),
                             all = watch->inventory()]() -> Result<void> {
                              TRY_VOID(make_folder(folder, 0700));
                              return write_file_durably(path, head + platform::to_text(all));
                            });
  if (!done) spdlog::warn("platform {}: {}", watch->stored.name, done.error().message);
  auto end = std::chrono::steady_clock::now();
  watch->next_save = end + std::max<std::chrono::nanoseconds>(settings_.platform_pace.save,
                                                              seldom * (end - start));
}

Async<void> Platforms::save_if_due(WatchPtr watch) {
  if (!watch->has_told() || std::chrono::steady_clock::now() < watch->next_save) co_return;
  if (watch->unsaved || watch->inventory().told() - watch->saved > oldest_age) co_await save(watch);
}

Async<void> Platforms::begin(Ref<model::Platform> kept, WatchPtr before) {
  auto watch = std::make_shared<Watch>(loop_, kept->object);
  const auto& stored = watch->stored;
  auto password = co_await password_of(stored);
  auto account = password ? co_await account_of(stored, *std::move(password))
                          : std::unexpected(std::move(password).error());
  auto opened =
      account ? open(stored, *std::move(account)) : std::unexpected(std::move(account).error());
  watch->known = before ? before->inventory() : read_picture(stored);
  watch->unsaved = before && before->unsaved;
  watches_[stored.name] = watch;
  if (!opened) {
    watch->broken = std::move(opened).error();
    co_return;
  }
  watch->platform = *std::move(opened);
  auto* held = watch.get();  // it outlives its feed
  watch->feed = std::make_unique<platform::Feed>(
      *watch->platform, [held](const platform::Update&) { held->unsaved = true; },
      settings_.platform_pace.feed, std::exchange(watch->known, {}));
  watch->begun = now();
  watch->scope.spawn(watch->feed->run());
}

// A feed that runs must not be let go of, should this be cancelled.
Async<void> Platforms::end(WatchPtr watch) {
  leaving_.push_back(watch);
  watch->scope.cancel();
  co_await watch->scope.join();
  if (watch->platform && !watch->trouble()) co_await leave(*watch->platform);
  std::erase(leaving_, watch);
}

// What lies in the folder of platforms that are no more.
void Platforms::forget_strangers(bool first) {
  std::error_code ec;
  std::vector<std::filesystem::path> strangers;
  for (std::filesystem::directory_iterator at(settings_.platforms_folder, ec), end;
       !ec && at != end; at.increment(ec)) {
    auto name = at->path().stem().string(), ending = at->path().extension().string();
    bool ours = ending == picture_ending || ending == authorities_ending;
    bool trial = name.starts_with('.') && !first;
    bool known = ledger_.inventory().find<model::Platform>(name) != nullptr;
    if (ours && !known && !trial) strangers.push_back(at->path());
  }
  for (const auto& path : strangers) (void)remove_tree(path);
}

Async<void> Platforms::follow_store() {
  const auto& inventory = ledger_.inventory();
  std::vector<WatchPtr> over;
  for (const auto& [name, watch] : watches_) {
    auto kept = inventory.find<model::Platform>(name);
    if (!kept || kept->object.id != watch->stored.id) over.push_back(watch);
  }
  for (const auto& watch : over) {
    watches_.erase(watch->stored.name);
    co_await end(watch);
  }
  if (!over.empty()) forget_strangers(false);
  std::vector<Ref<model::Platform>> all;
  for (const auto& [name, kept] : inventory.all<model::Platform>()) all.push_back(kept);
  for (const auto& kept : all) {
    auto found = watches_.find(kept->object.name);
    auto before = found == watches_.end() ? nullptr : found->second;
    if (before && before->stored.changed == kept->object.changed && !before->again) continue;
    co_await begin(kept, before);
    if (before) co_await end(before);
  }
}

// In the store, so that who watches hears of it; only when it is another.
Async<void> Platforms::note(WatchPtr watch) {
  auto seen = watch->stored;
  seen.problem.clear();
  if (const auto* trouble = watch->trouble()) {
    seen.state = model::PlatformState::trouble;
    seen.problem = trouble->message;
  } else {
    seen.state =
        watch->has_told() ? model::PlatformState::connected : model::PlatformState::connecting;
  }
  if (watch->platform && seen.state == model::PlatformState::connected) {
    seen.product = watch->platform->capabilities().name;
    seen.version = watch->platform->capabilities().version;
  }
  const auto& inventory = ledger_.inventory();
  auto done = co_await ledger_.change({}, [&](Change& change) -> Result<void> {
    auto kept = inventory.find<model::Platform>(seen.name);
    if (!kept || kept->object.id != seen.id) return {};
    auto platform = kept->object;
    bool turned = platform.state != seen.state;
    bool was_trouble = platform.state == model::PlatformState::trouble;
    platform.state = seen.state;
    platform.problem = seen.problem;
    if (!seen.product.empty()) platform.product = seen.product;
    if (!seen.version.empty()) platform.version = seen.version;
    if (turned || !platform.since) platform.since = now();
    if (platform == kept->object) return {};
    change.put(platform);
    auto target = "platforms/" + platform.name;
    if (turned && seen.state == model::PlatformState::trouble)
      change.event("platform.trouble", target, "", platform.problem);
    if (turned && was_trouble && seen.state == model::PlatformState::connected)
      change.event("platform.connected", target, "", "it tells again what is on it");
    return {};
  });
  if (!done) spdlog::warn("platform {}: {}", seen.name, done.error().message);
}

Async<void> Platforms::run() {
  forget_strangers(true);
  if (auto ended = co_await end_lost_tasks(ledger_); !ended)
    spdlog::warn("tasks on platforms: {}", ended.error().message);
  while (true) {
    co_await follow_store();
    std::vector<WatchPtr> all;
    for (const auto& [name, watch] : watches_) all.push_back(watch);
    for (const auto& watch : all) {
      co_await note(watch);
      co_await save_if_due(watch);
    }
    co_await sleep_for(settings_.platform_pace.look);
  }
}

Async<void> Platforms::close() {
  scope_.cancel();
  co_await scope_.join();
  for (const auto& [name, watch] : std::exchange(watches_, {})) {
    if (watch->has_told()) co_await save(watch);
    leaving_.push_back(watch);
  }
  while (!leaving_.empty()) {
    auto watch = leaving_.back();
    leaving_.pop_back();
    co_await end(watch);
  }
}

Async<Result<void>> Platforms::sync(std::string name) {
  auto before = watch_of(name);
  auto asked = now();
  if (before) before->again = true;
  auto end = std::chrono::steady_clock::now() + sync_limit;
  while (std::chrono::steady_clock::now() < end) {
    auto watch = watch_of(name);
    if (!watch && !ledger_.inventory().find<model::Platform>(name))
      co_return fail(Code::not_found, "'{}' was removed meanwhile", name);
    bool anew = watch && watch != before && watch->begun >= asked;
    if (anew && watch->trouble())
      co_return fail(Code::unavailable, "{}: {}", name, watch->trouble()->message);
    if (anew && watch->has_told()) co_return Result<void>{};
    co_await sleep_for(settings_.platform_pace.look);
  }
  co_return fail(Code::timeout, "{} has not told all within {} minutes", name,
                 std::chrono::duration_cast<std::chrono::minutes>(sync_limit).count());
}

}  // namespace truce::manager
