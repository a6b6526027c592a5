#include "library/templates.h"

#include <algorithm>

#include "base/frames.h"
#include "base/log.h"
#include "base/revert.h"
#include "library/porter.h"

namespace truce::node {
namespace {

constexpr int fetches_at_once = 2;
constexpr std::size_t read_at_once = 256 << 10;
constexpr Bytes manifest_limit = mib(1);
constexpr auto longest_silence = 60s;

Async<Result<std::string>> read_some(UnixSocket& socket, std::size_t most) {
  std::string bytes(most, '\0');
  auto [ec, size] = co_await socket.async_read_some(asio::buffer(bytes), as_result);
  if (ec) co_return fail(Code::unavailable, "the connection ended: {}", ec.message());
  bytes.resize(size);
  co_return bytes;
}

/// A file that a manager sends: what it is, then its bytes.
struct Incoming {
  UnixSocket socket;
  model::FileFacts file;
};

Async<Result<Incoming>> open_incoming(const Settings& settings, model::Fetch wish) {
  CO_TRY(auto socket, co_await connect_manager(settings));
  model::FromNode hello;
  hello.hello = model::Hello{.host = settings.name};
  hello.hello->fetch = wish;
  CO_TRY_VOID(co_await write_frame(socket, model::to_text(hello)));
  CO_TRY(auto text, co_await within(longest_silence, read_frame(socket, kib(64)), "the manager"));
  CO_TRY(auto reply, model::from_text<model::CallReply>(text, model::Unknown::ignore));
  if (!reply.error.empty())
    co_return std::unexpected(Error{parse_code(reply.code), reply.error, {}});
  if (!reply.file || reply.file->size < wish.offset)
    co_return fail(Code::internal, "the manager answered without a file");
  co_return Incoming{std::move(socket), *reply.file};
}

/// Through the manager, from whichever host it finds that has the template.
class SourceOverLink final : public storage::TemplateSource {
 public:
  SourceOverLink(const Settings& settings, std::string name)
      : settings_(settings), name_(std::move(name)) {}

  Async<Result<std::string>> manifest() override {
    std::string text;
    auto take = [&text](std::string bytes) -> Async<Result<void>> {
      text += bytes;
      co_return text.size() <= manifest_limit.count ? Result<void>{}
                                                    : fail(Code::limit, "the manifest is too long");
    };
    CO_TRY_VOID(co_await read("manifest.json", 0, take));
    co_return text;
  }

  Async<Result<void>> read(std::string file, std::uint64_t offset, Take take) override {
    CO_TRY(auto incoming,
           co_await open_incoming(settings_, {name_, file, static_cast<std::int64_t>(offset)}));
    host_ = incoming.file.host;
    auto left = static_cast<std::uint64_t>(incoming.file.size) - offset;
    while (left > 0) {
      auto most = std::min<std::uint64_t>(left, read_at_once);
      CO_TRY(auto bytes,
             co_await within(longest_silence, read_some(incoming.socket, most), "the other host"));
      left -= bytes.size();
      CO_TRY_VOID(co_await take(std::move(bytes)));
    }
    co_return Result<void>{};
  }

  /// Where it comes from; empty until something came.
  [[nodiscard]] const std::string& host() const { return host_; }

 private:
  const Settings& settings_;
  std::string name_, host_;
};

}  // namespace

struct Templates::Fetching {
  bool over = false;
  std::optional<Result<void>> result;  ///< none: it was called off
};

model::Template describe_template(std::string name, const storage::TemplateContent& content) {
  model::Template seen;
  seen.name = std::move(name);
  seen.kind = !content.iso.empty()     ? model::TemplateKind::iso
              : content.kernel.empty() ? model::TemplateKind::disk
                                       : model::TemplateKind::kernel;
  seen.disk_size = content.disk_size;
  seen.cloud_init = content.cloud_init;
  seen.guest_agent = content.guest_agent;
  for (const auto& file : content.files) {
    seen.stored.count += file.size.count;
    seen.sha256[file.name] = file.sha256;
  }
  return seen;
}

void Templates::assign(const std::vector<std::string>& names) {
  if (!names.empty()) known_ = {names.begin(), names.end()};
}

Async<void> Templates::report() {
  auto names = co_await pool_.templates();
  if (!names) spdlog::warn("templates: {}", names.error().message);
  if (!names) co_return;
  std::vector<model::Template> all;
  for (const auto& name : *names) {
    auto content = co_await pool_.template_content(name);
    if (content) all.push_back(describe_template(name, *content));
  }
  news_.add(std::move(all));
}

Async<Result<void>> Templates::ensure(std::string name, Tell tell) {
  while (true) {
    auto content = co_await pool_.template_content(name);
    if (content) co_return Result<void>{};
    bool elsewhere = content.error().code == Code::not_found && known_.contains(name);
    if (!elsewhere) co_return std::unexpected(content.error());
    auto found = fetching_.find(name);
    if (found == fetching_.end()) break;
    auto other = found->second;
    // Whoever fetches it may be called off; then it is somebody else's turn.
    while (!other->over) co_await sleep_for(20ms);
    if (other->result) co_return *other->result;
  }
  auto fetching = std::make_shared<Fetching>();
  fetching_[name] = fetching;
  Revert end;
  end.add([this, name, fetching] {
    fetching->over = true;
    fetching_.erase(name);
  });
  fetching->result = co_await fetch(name, std::move(tell));
  co_return *fetching->result;
}

Async<Result<void>> Templates::fetch(std::string name, Tell tell) {
  if (tell && active_ >= fetches_at_once) tell(0, "waiting to fetch template " + name);
  while (active_ >= fetches_at_once) co_await sleep_for(20ms);
  ++active_;
  Revert release;
  release.add([this] { --active_; });
  SourceOverLink source(settings_, name);
  auto progress = [&](double fraction, const std::string&) {
    if (tell) tell(fraction, fmt::format("fetching template {} from host {}", name, source.host()));
  };
  auto content = co_await pool_.fetch_template(name, source, progress);
  if (!content) co_return std::unexpected(content.error());
  spdlog::info("template {} was fetched from host {}", name, source.host());
  co_await report();
  co_return Result<void>{};
}

}  // namespace truce::node
