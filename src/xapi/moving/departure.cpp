#include <map>

#include "machines.h"
#include "moving/transfers.h"

namespace truce::xapi {

using namespace platform;

namespace {

class StreamDeparture final : public Departure {
 public:
  StreamDeparture(Asker asker, Found machine, std::map<std::string, Volume> disks)
      : asker_(std::move(asker)), machine_(std::move(machine)), disks_(std::move(disks)) {}

  Result<OpenDisk> open(const std::string& disk, const std::atomic<bool>& cancelled) override {
    auto found = disks_.find(disk);
    if (found == disks_.end()) return fail(Code::not_found, "the machine has no disk {}", disk);
    const auto& source = found->second;
    OpenDisk opened;
    TRY(opened.version, version());
    auto url = fmt::format("{}/export_raw_vdi?vdi={}&format=raw", source.url, source.ref);
    TRY(auto stream,
        image::http_stream(url, asker_.options(&cancelled),
                           {.format = "raw", .size = source.size, .cancelled = &cancelled}));
    TRY(opened.image, image::image_of(std::move(stream)));
    return opened;
  }

 private:
  // When it was last started: a disk is written by its machine.
  [[nodiscard]] Result<std::string> version() const {
    auto asked = [&](const char* method, const std::string& ref) -> Result<std::string> {
      TRY(auto answer, ask(asker_.account, asker_.url, asker_.key, {method, {to_json(ref)}}));
      return text_answer(answer, method);
    };
    TRY(auto state, asked("VM.get_power_state", machine_.ref));
    if (read_state(state) != model::Observed::off)
      return fail(Code::unavailable, "{} was started", machine_.vm.uuid);
    return asked("VM_metrics.get_start_time", machine_.vm.metrics);
  }

  Asker asker_;
  Found machine_;
  std::map<std::string, Volume> disks_;
};

Async<Result<std::map<std::string, Volume>>> sources_of(Session& session, VmRecord vm) {
  std::map<std::string, Volume> disks;
  for (const auto& ref : vm.disks) {
    CO_TRY(auto record, co_await session.record("VBD", ref));
    auto drive = read_drive(record);
    if (!drive.disk || drive.vdi.empty()) continue;
    CO_TRY(auto of_volume, co_await session.record("VDI", drive.vdi));
    auto volume = read_volume(of_volume);
    CO_TRY(auto url, co_await url_for(session, volume.sr));
    disks[volume.uuid] = {std::move(url), drive.vdi, volume.size.count};
  }
  co_return disks;
}

}  // namespace

image::HttpOnceOptions Asker::options(const std::atomic<bool>* cancelled) const {
  image::HttpOnceOptions options;
  options.authorities = authorities;
  options.fingerprint = account.trust.fingerprint;
  options.headers = {"Cookie: session_id=" + key};
  options.cancelled = cancelled;
  return options;
}

Result<Asker> asker_of(const Session& session) {
  Asker asker{.account = session.account(), .url = session.url(), .key = session.key()};
  if (const auto& file = asker.account.trust.authorities; !file.empty()) {
    TRY(asker.authorities, read_file(file));
  }
  return asker;
}

// The host that leads, where it has the repository; else the first one that has.
Async<Result<std::string>> url_for(Session& session, std::string repository) {
  CO_TRY(auto sr, co_await session.record("SR", repository));
  std::string first;
  for (const auto& ref : texts_at(sr, "PBDs")) {
    CO_TRY(auto path, co_await session.record("PBD", ref));
    if (!flag_at(path, "currently_attached")) continue;
    auto host = ref_at(path, "host");
    if (host == session.pool().master) co_return session.url();
    if (first.empty()) first = host;
  }
  if (first.empty())
    co_return fail(Code::unavailable, "no host has the repository '{}' attached",
                   text_at(sr, "name_label"));
  CO_TRY(auto host, co_await session.record("host", first));
  auto url = at_host(session.url(), text_at(host, "address"));
  if (url.empty()) co_return fail(Code::corrupt, "host {} has no address", text_at(host, "uuid"));
  co_return url;
}

Async<Result<std::unique_ptr<Departure>>> Movers::depart(std::string machine) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  if (!found.is(model::Observed::off))
    co_return fail(Code::precondition, "{} is not off: it has to be", machine);
  CO_TRY(auto disks, co_await sources_of(session_, found.vm));
  CO_TRY(auto asker, asker_of(session_));
  co_return std::make_unique<StreamDeparture>(std::move(asker), std::move(found), std::move(disks));
}

}  // namespace truce::xapi
