#include "platform/stored.h"

#include <boost/json.hpp>

#include "model/model.h"

namespace truce::platform {
namespace json = boost::json;
namespace {

constexpr std::size_t deepest = 16;

// Each noun names its fields once, for both directions.

template <class V, class T>
  requires std::is_same_v<std::remove_const_t<T>, Disk>
void fields(V& v, T& d) {
  v("id", d.id), v("label", d.label), v("size", d.size), v("file", d.file);
  v("format", d.format), v("thin", d.thin), v("pool", d.pool), v("bus", d.bus);
  v("controller", d.controller), v("parent", d.parent);
}

template <class V, class T>
  requires std::is_same_v<std::remove_const_t<T>, Nic>
void fields(V& v, T& n) {
  v("id", n.id), v("label", n.label), v("mac", n.mac), v("network", n.network);
  v("model", n.model), v("connected", n.connected);
}

template <class V, class T>
  requires std::is_same_v<std::remove_const_t<T>, Snapshot>
void fields(V& v, T& s) {
  v("id", s.id), v("name", s.name), v("description", s.description), v("parent", s.parent);
  v("created", s.created), v("state", s.state), v("quiesced", s.quiesced);
}

template <class V, class T>
  requires std::is_same_v<std::remove_const_t<T>, MachineUse>
void fields(V& v, T& u) {
  v("cpu_mhz", u.cpu_mhz), v("memory", u.memory), v("memory_guest", u.memory_guest);
  v("storage", u.storage);
}

template <class V, class T>
  requires std::is_same_v<std::remove_const_t<T>, Machine>
void fields(V& v, T& m) {
  v("id", m.id), v("uuid", m.uuid), v("name", m.name), v("folder", m.folder), v("host", m.host);
  v("template", m.template_), v("state", m.state), v("cpus", m.cpus), v("memory", m.memory);
  v("firmware", m.firmware), v("secure_boot", m.secure_boot), v("tpm", m.tpm);
  v("started_by", m.started_by);
  v("disks", m.disks), v("nics", m.nics), v("guest_os", m.guest_os);
  v("guest_kind", m.guest_kind), v("guest_name", m.guest_name), v("addresses", m.addresses);
  v("tools", m.tools), v("snapshots", m.snapshots), v("snapshot", m.snapshot), v("use", m.use);
}

template <class V, class T>
  requires std::is_same_v<std::remove_const_t<T>, Host>
void fields(V& v, T& h) {
  v("id", h.id), v("name", h.name), v("folder", h.folder), v("state", h.state), v("cpus", h.cpus);
  v("cpu_mhz", h.cpu_mhz), v("memory", h.memory), v("hypervisor", h.hypervisor);
  v("vendor", h.vendor), v("model", h.model), v("cpu_mhz_used", h.cpu_mhz_used);
  v("memory_used", h.memory_used);
}

template <class V, class T>
  requires std::is_same_v<std::remove_const_t<T>, Pool>
void fields(V& v, T& p) {
  v("id", p.id), v("name", p.name), v("kind", p.kind), v("url", p.url), v("size", p.size);
  v("free", p.free), v("reachable", p.reachable);
}

template <class V, class T>
  requires std::is_same_v<std::remove_const_t<T>, Network>
void fields(V& v, T& n) {
  v("id", n.id), v("name", n.name), v("kind", n.kind);
}

template <class V, class T>
  requires std::is_same_v<std::remove_const_t<T>, Folder>
void fields(V& v, T& f) {
  v("id", f.id), v("name", f.name), v("kind", f.kind), v("parent", f.parent);
}

struct Writer;
template <class T>
concept Noun = requires(Writer& w, const T& noun) { fields(w, noun); };

struct Writer {
  json::object out;

  static json::value of(const std::string& text) { return json::string(text); }
  static json::value of(bool truth) { return truth; }
  static json::value of(std::int64_t number) { return number; }
  static json::value of(Bytes bytes) { return bytes.count; }
  static json::value of(Time time) { return time.time_since_epoch().count(); }
  template <class E>
    requires std::is_enum_v<E>
  static json::value of(E word) {
    if constexpr (requires { model::to_string(word); }) return json::string(model::to_string(word));
    return static_cast<std::int64_t>(word);
  }
  template <class T>
  static json::value of(const std::optional<T>& value) {
    return value ? of(*value) : json::value();
  }
  template <class T>
  static json::value of(const std::vector<T>& items) {
    json::array array;
    for (const auto& item : items) array.push_back(of(item));
    return array;
  }
  template <Noun T>
  static json::value of(const T& noun) {
    Writer inner;
    fields(inner, noun);
    return std::move(inner.out);
  }

  /// What is empty is not written: most of it is.
  template <class T>
  void operator()(std::string_view name, const T& value) {
    constexpr bool word = std::is_same_v<T, bool> || std::is_enum_v<T>;  // nothing is none of them
    if (word || !(value == T{})) out[name] = of(value);
  }
};

/// What does not fit stays as it is by itself: the file is ours.
struct Reader {
  const json::object& in;

  static void take(const json::value& value, std::string& text) {
    if (const auto* found = value.if_string()) text.assign(found->data(), found->size());
  }
  static void take(const json::value& value, bool& truth) {
    if (const auto* found = value.if_bool()) truth = *found;
  }
  static void take(const json::value& value, std::int64_t& number) {
    if (const auto* found = value.if_int64()) number = *found;
  }
  static void take(const json::value& value, Bytes& bytes) {
    if (const auto* found = value.if_uint64()) bytes.count = *found;
    if (const auto* found = value.if_int64(); found && *found >= 0)
      bytes.count = static_cast<std::uint64_t>(*found);
  }
  static void take(const json::value& value, Time& time) {
    if (const auto* found = value.if_int64()) time = Time(Duration(*found));
  }
  template <class E>
    requires std::is_enum_v<E>
  static void take(const json::value& value, E& word) {
    if constexpr (requires { model::to_string(word); }) {
      const auto* text = value.if_string();
      auto known = text ? model::parse_enum<E>(std::string_view(text->data(), text->size()))
                        : std::optional<E>();
      if (known) word = *known;
    } else {
      constexpr std::int64_t last = 2;  // of Tools and HostState
      const auto* number = value.if_int64();
      if (number && *number >= 0 && *number <= last) word = static_cast<E>(*number);
    }
  }
  template <class T>
  static void take(const json::value& value, std::optional<T>& held) {
    if (!value.is_null()) take(value, held.emplace());
  }
  template <class T>
  static void take(const json::value& value, std::vector<T>& items) {
    const auto* array = value.if_array();
    if (array == nullptr) return;
    for (const auto& item : *array) take(item, items.emplace_back());
  }
  template <Noun T>
  static void take(const json::value& value, T& noun) {
    const auto* object = value.if_object();
    if (object == nullptr) return;
    Reader inner{*object};
    fields(inner, noun);
  }

  template <class T>
  void operator()(std::string_view name, T& value) {
    if (const auto* found = in.if_contains(name)) take(*found, value);
  }
};

template <class T>
json::value all_of(const Things<T>& things) {
  json::array array;
  for (const auto& [id, thing] : things) array.push_back(Writer::of(thing));
  return array;
}

template <class T>
void read_all(const json::object& in, std::string_view name, Changed<T>& into) {
  if (const auto* found = in.if_contains(name)) Reader::take(*found, into.seen);
  std::erase_if(into.seen, [](const T& one) { return one.id.empty(); });
}

}  // namespace

std::string to_text(const Inventory& inventory) {
  json::object out;
  out["told"] = Writer::of(inventory.told());
  out["folders"] = all_of(inventory.folders());
  out["hosts"] = all_of(inventory.hosts());
  out["pools"] = all_of(inventory.pools());
  out["networks"] = all_of(inventory.networks());
  out["machines"] = all_of(inventory.machines());
  return json::serialize(out);
}

Result<Update> read_text(std::string_view text) {
  json::parse_options options;
  options.max_depth = deepest;
  boost::system::error_code ec;
  auto value = json::parse(text, ec, {}, options);
  const auto* in = ec ? nullptr : value.if_object();
  if (in == nullptr || !in->contains("told"))
    return fail(Code::corrupt, "it is no picture of a platform");
  Update update;
  update.extent = Update::Extent::whole;
  Reader::take(in->at("told"), update.at);
  read_all(*in, "folders", update.folders);
  read_all(*in, "hosts", update.hosts);
  read_all(*in, "pools", update.pools);
  read_all(*in, "networks", update.networks);
  read_all(*in, "machines", update.machines);
  return update;
}

}  // namespace truce::platform
