#include "member.h"

#include <boost/json.hpp>

#include "base/file.h"

namespace truce {
namespace json = boost::json;

std::filesystem::path member_file(const std::filesystem::path& folder) {
  return folder / "member.json";
}
std::filesystem::path identity_file(const std::filesystem::path& folder) {
  return folder / "host.pem";
}
std::filesystem::path bundle_file(const std::filesystem::path& folder) {
  return folder / "authority.pem";
}
std::filesystem::path authority_file(const std::filesystem::path& folder) {
  return folder / "authority.key";
}
std::filesystem::path next_authority_file(const std::filesystem::path& folder) {
  return folder / "authority-next.key";
}

namespace {

Result<std::string> text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  if (text == nullptr || text->empty()) return fail(Code::corrupt, "it has no '{}'", name);
  return std::string(*text);
}

Result<std::uint16_t> port_of(const json::object& object, std::string_view name,
                              std::uint16_t otherwise) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return otherwise;
  const auto* number = value->if_int64();
  if (number == nullptr || *number < 1 || *number > 65535)
    return fail(Code::corrupt, "'{}' is no port", name);
  return static_cast<std::uint16_t>(*number);
}

Result<EtcdPlace> place_of(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return fail(Code::corrupt, "'etcd' is no object");
  EtcdPlace place;
  TRY(place.prefix, text_of(*object, "prefix"));
  if (object->contains("user")) {
    TRY(place.user, text_of(*object, "user"));
  }
  const auto* all = object->if_contains("urls");
  const auto* urls = all == nullptr ? nullptr : all->if_array();
  if (urls == nullptr || urls->empty()) return fail(Code::corrupt, "'etcd' has no addresses");
  for (const auto& url : *urls) {
    if (!url.is_string()) return fail(Code::corrupt, "an address of 'etcd' is no text");
    place.urls.emplace_back(url.get_string());
  }
  return place;
}

// A release that does not know an etcd of others finds no 'etcd_token', and begins nothing.
Result<void> parse_store(const json::object& object, Member& member) {
  if (!object.contains("store")) return {};
  TRY(auto store, text_of(object, "store"));
  auto kind = model::parse_enum<model::StoreKind>(store);
  if (!kind) return fail(Code::corrupt, "'{}' is no store", store);
  member.store = *kind;
  if (*kind != model::StoreKind::etcd) return {};
  if (const auto* foreign = object.if_contains("etcd")) {
    TRY(member.foreign, place_of(*foreign));
    return {};
  }
  TRY(member.etcd_token, text_of(object, "etcd_token"));
  TRY(member.etcd_client_port, port_of(object, "etcd_client_port", 2379));
  TRY(member.etcd_peer_port, port_of(object, "etcd_peer_port", 2380));
  return {};
}

Result<Member> parse(const std::string& text) {
  boost::system::error_code ec;
  auto value = json::parse(text, ec);
  const auto* object = ec ? nullptr : value.if_object();
  if (object == nullptr) return fail(Code::corrupt, "it is not a JSON object");
  Member member;
  TRY(member.cluster, text_of(*object, "cluster"));
  TRY(member.host, text_of(*object, "host"));
  TRY(member.address, text_of(*object, "address"));
  TRY(auto role, text_of(*object, "role"));
  auto known = model::parse_enum<model::HostRole>(role);
  if (!known) return fail(Code::corrupt, "'{}' is no role", role);
  member.role = *known;
  TRY_VOID(parse_store(*object, member));
  const auto* managers = object->if_contains("managers");
  const auto* places = managers == nullptr ? nullptr : managers->if_array();
  if (places == nullptr || places->empty()) return fail(Code::corrupt, "it names no managers");
  for (const auto& place : *places) {
    const auto* one = place.if_object();
    if (one == nullptr) return fail(Code::corrupt, "a manager in it is no object");
    manager::Seat read;
    TRY(read.name, text_of(*one, "name"));
    TRY(read.address, text_of(*one, "address"));
    member.managers.push_back(std::move(read));
  }
  return member;
}

}  // namespace

Result<std::optional<Member>> read_member(const std::filesystem::path& folder) {
  auto path = member_file(folder);
  std::error_code ec;
  if (!std::filesystem::exists(path, ec)) return std::nullopt;
  TRY(auto text, read_file(path, kib(64)));
  auto member = parse(text);
  if (!member) return std::unexpected(std::move(member).error().within(path.string()));
  return *std::move(member);
}

namespace {

void write_store(const Member& member, json::object& object) {
  object["store"] = model::to_string(member.store);
  if (!member.foreign) {
    object["etcd_token"] = member.etcd_token;
    object["etcd_client_port"] = member.etcd_client_port;
    object["etcd_peer_port"] = member.etcd_peer_port;
    return;
  }
  json::array urls(member.foreign->urls.begin(), member.foreign->urls.end());
  json::object place{{"urls", std::move(urls)}, {"prefix", member.foreign->prefix}};
  if (!member.foreign->user.empty()) place["user"] = member.foreign->user;
  object["etcd"] = std::move(place);
}

}  // namespace

Result<void> write_member(const std::filesystem::path& folder, const Member& member) {
  json::array managers;
  for (const auto& manager : member.managers)
    managers.push_back(json::object{{"name", manager.name}, {"address", manager.address}});
  json::object object{{"cluster", member.cluster},
                      {"host", member.host},
                      {"role", model::to_string(member.role)},
                      {"address", member.address},
                      {"managers", std::move(managers)}};
  if (member.store == model::StoreKind::etcd) write_store(member, object);
  return write_file_durably(member_file(folder), json::serialize(object) + "\n");
}

std::filesystem::path seals_file(const std::filesystem::path& folder) {
  return folder / "seals.key";
}

Result<std::optional<access::Seals>> read_seals(const std::filesystem::path& file) {
  std::error_code ec;
  if (!std::filesystem::exists(file, ec)) return std::nullopt;
  TRY(auto text, read_file(file, kib(64)));
  auto seals = access::Seals::read(text);
  if (!seals) return std::unexpected(std::move(seals).error().within(file.string()));
  return *std::move(seals);
}

Result<void> write_seals(const std::filesystem::path& file, const access::Seals& seals) {
  return write_file_durably(file, seals.text()->text(), 0600);
}

Result<access::Seals> open_seals(const std::filesystem::path& file) {
  TRY(auto seals, read_seals(file));
  if (seals) return *std::move(seals);
  auto fresh = access::Seals::fresh();
  TRY_VOID(write_seals(file, fresh));
  return fresh;
}

Result<bool> take_seals(const std::filesystem::path& file, std::string_view text) {
  TRY(auto given, access::Seals::read(text));
  TRY(auto present, read_seals(file));
  auto seals = present ? *std::move(present) : given;
  TRY(bool other, seals.take(given));
  if (!present || other) TRY_VOID(write_seals(file, seals));
  return !present || other;
}

Result<void> put_aside(const std::filesystem::path& path, const std::string& word) {
  constexpr int most = 1000;
  std::error_code ec;
  if (!std::filesystem::exists(path, ec)) return {};
  for (int i = 1; i <= most; ++i) {
    auto aside = path;
    aside += fmt::format("-before-{}{}", word, i == 1 ? "" : fmt::format("-{}", i));
    if (std::filesystem::exists(aside, ec)) continue;
    std::filesystem::rename(path, aside, ec);
    if (ec) return fail(Code::io, "put {} aside: {}", path.string(), ec.message());
    return {};
  }
  return fail(Code::limit, "{} was put aside {} times already", path.string(), most);
}

}  // namespace truce
