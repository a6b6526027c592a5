#include "follower.h"

namespace truce::vsphere {

using platform::Update;

namespace {

constexpr int most_objects_a_time = 500;
constexpr std::size_t most_read_again = 100;
constexpr auto longest_silence = 120s;  // a server may need long for a large picture

// What went wrong with our place in the server, not with the server.
bool is_lost(const Error& error) {
  auto fault = fault_of(error);
  return fault == "NotAuthenticated" || fault == "ManagedObjectNotFound" ||
         fault == "InvalidCollectorVersion";
}

std::string filter_spec(const Ref& view) {
  return fmt::format(
      "<spec>{}<objectSet>{}<skip>true</skip><selectSet xsi:type=\"TraversalSpec\">"
      "<type>ContainerView</type><path>view</path><skip>false</skip></selectSet></objectSet></spec>"
      "<partialUpdates>false</partialUpdates>",
      property_sets(), to_xml("obj", view));
}

}  // namespace

Async<Result<Update>> Follower::next(Duration patience) {
  CO_TRY_VOID(co_await session_.connect());
  if (following_ && number_ == session_.number()) {
    auto seconds = std::max(1s, std::chrono::duration_cast<std::chrono::seconds>(patience));
    auto told = co_await wait(seconds);
    while (told && *told) told = co_await wait(0s);
    if (told) {
      if (auto again = co_await read_again(); !again)
        told = std::unexpected(std::move(again).error());
    }
    if (told) {
      auto update = picture_.collect(Update::Extent::changes);
      update.at = now();
      co_return update;
    }
    following_ = false;
    if (!is_lost(told.error())) {
      co_return std::unexpected(std::move(told).error());
    }
  }
  co_return co_await read_all();
}

Async<Result<Update>> Follower::read_all() {
  co_await drop();
  CO_TRY_VOID(co_await begin());
  bool more = true;
  while (more) {
    CO_TRY(more, co_await wait(0s));
  }
  CO_TRY_VOID(co_await read_again());
  following_ = true;
  auto update = picture_.collect(Update::Extent::whole);
  update.at = now();
  co_return update;
}

Async<Result<void>> Follower::begin() {
  picture_ = {};
  version_.clear();
  const auto& service = session_.service();
  CO_TRY(auto made, co_await session_.call({"CreatePropertyCollector", service.collector}));
  collector_ = made.returned().ref();
  number_ = session_.number();
  auto wanted = to_xml("container", service.root);
  for (const auto& type : types())
    if (type.watched) wanted += to_xml("type", type.name);
  CO_TRY(auto view, co_await session_.call({"CreateContainerView", service.views,
                                            wanted + flag_xml("recursive", true)}));
  view_ = view.returned().ref();
  CO_TRY_VOID(co_await session_.call({"CreateFilter", collector_, filter_spec(view_)}));
  co_return Result<void>();
}

// The server keeps what an earlier beginning has made for as long as the session.
Async<void> Follower::drop() {
  following_ = false;
  bool there = number_ == session_.number() && number_ != 0;
  number_ = 0;
  auto view = std::exchange(view_, {});
  if (there) (void)co_await session_.call({"DestroyPropertyCollector", collector_});
  if (there && !view.value.empty()) (void)co_await session_.call({"DestroyView", view});
}

Cutter::Sink Follower::into_picture() {
  return [this](std::string_view element) -> Result<void> {
    TRY(auto update, read_object(element));
    return picture_.take(update);
  };
}

Async<Result<bool>> Follower::wait(std::chrono::seconds patience) {
  auto options = fmt::format("<options>{}{}</options>",
                             to_xml("maxWaitSeconds", std::to_string(patience.count())),
                             to_xml("maxObjectUpdates", std::to_string(most_objects_a_time)));
  CO_TRY(auto answer, co_await session_.call(
                          {"WaitForUpdatesEx", collector_, to_xml("version", version_) + options},
                          "objectSet", into_picture(), patience + longest_silence));
  if (!answer.returned()) co_return false;  // nothing has changed
  auto version = answer.returned()["version"].text();
  bool truncated = answer.returned()["truncated"].flag();
  if (truncated && version == version_)
    co_return fail(Code::corrupt, "the server says that there is more, and does not go on");
  version_ = std::move(version);
  co_return truncated;
}

// Of what was told in part the whole is read: so no change is put together here that the server
// has put together already.
Async<Result<void>> Follower::read_again() {
  auto places = picture_.unread();
  for (std::size_t from = 0; from < places.size(); from += most_read_again) {
    std::string specs;
    for (auto i = from; i < std::min(places.size(), from + most_read_again); ++i) {
      const auto& place = places[i];
      ObjectUpdate none{place.object, ObjectUpdate::Kind::modify, {}};
      none.changes.push_back({place.path, ObjectUpdate::Change::Op::remove, {}});
      CO_TRY_VOID(picture_.take(none));
      specs += fmt::format("<specSet><propSet>{}{}</propSet><objectSet>{}</objectSet></specSet>",
                           to_xml("type", place.object.type), to_xml("pathSet", place.path),
                           to_xml("obj", place.object));
    }
    auto sink = [this](std::string_view element) -> Result<void> {
      TRY(auto update, read_object(element));
      update.kind = ObjectUpdate::Kind::modify;
      return picture_.take(update);
    };
    Call retrieve{"RetrievePropertiesEx", session_.service().collector, specs + "<options/>"};
    while (true) {
      CO_TRY(auto answer, co_await session_.call(retrieve, "objects", sink, longest_silence));
      auto token = answer.returned()["token"].text();
      if (token.empty()) break;
      retrieve.method = "ContinueRetrievePropertiesEx";
      retrieve.arguments = to_xml("token", token);
    }
  }
  co_return Result<void>();
}

}  // namespace truce::vsphere
