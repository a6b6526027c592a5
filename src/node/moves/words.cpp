#include "moves/words.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

namespace truce::node {

namespace json = boost::json;

namespace {

using Kind = Word::Kind;

constexpr std::array<std::string_view, 12> kinds{"plan",    "probe", "count",    "counted",
                                                 "file",    "piece", "file_end", "packed",
                                                 "landing", "sent",  "landed",   "refused"};
constexpr std::array<std::string_view, 7> home_files{
    "provisioned", "seed.iso",     "answers.iso",           hypervisor::firmware_state[0],
    "serial.log",  "serial.log.1", hypervisor::suspend_file};
constexpr std::size_t list_limit = 64;

json::value to_json(const TravelPlan& plan) {
  json::array copied, addresses;
  for (const auto& disk : plan.copied) copied.push_back({{"disk", disk.id}, {"whole", disk.whole}});
  for (const auto& known : plan.addresses)
    addresses.push_back({{"mac", known.mac}, {"address", known.address}});
  return {{"live", plan.live},         {"outline", plan.outline},   {"copied", copied},
          {"channels", plan.channels}, {"compress", plan.compress}, {"post_copy", plan.post_copy},
          {"addresses", addresses}};
}

// Fields of the given kind; absent ones are what a new Word has.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}
  std::string text(std::string_view key) {
    const auto* found = object_.if_contains(key);
    if (found == nullptr) return {};
    if (!found->is_string()) return bad<std::string>(key);
    return std::string(found->get_string());
  }
  bool flag(std::string_view key) {
    const auto* found = object_.if_contains(key);
    if (found == nullptr) return false;
    return found->is_bool() ? found->get_bool() : bad<bool>(key);
  }
  std::uint64_t number(std::string_view key) {
    const auto* found = object_.if_contains(key);
    if (found == nullptr) return 0;
    if (found->is_uint64()) return found->get_uint64();
    bool fits = found->is_int64() && found->get_int64() >= 0;
    return fits ? static_cast<std::uint64_t>(found->get_int64()) : bad<std::uint64_t>(key);
  }
  template <class Visit>
  void each(std::string_view key, Visit visit) {
    const auto* found = object_.if_contains(key);
    if (found == nullptr) return;
    if (!found->is_array() || found->get_array().size() > list_limit) return bad<void>(key);
    for (const auto& item : found->get_array()) {
      if (!item.is_object()) return bad<void>(key);
      Reader inner(item.get_object());
      visit(inner);
      if (!inner.problem.empty()) problem = inner.problem;
    }
  }
  std::string problem;

 private:
  template <class T>
  T bad(std::string_view key) {
    problem = fmt::format("'{}' is not what it should be", key);
    return T();
  }
  const json::object& object_;
};

bool is_plain(std::string_view name) {
  constexpr std::string_view letters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         name.find_first_not_of(letters) == name.npos;
}

bool is_disk_id(std::string_view name) {
  return is_plain(name) && name.find('.') == name.npos;
}

TravelPlan plan_of(Reader& reader) {
  TravelPlan plan;
  plan.live = reader.flag("live");
  plan.outline = reader.text("outline");
  plan.compress = reader.flag("compress");
  plan.post_copy = reader.flag("post_copy");
  auto channels = reader.number("channels");
  if (channels < 1 || channels > 16) reader.problem = "there are from 1 to 16 channels";
  plan.channels = static_cast<int>(channels);
  reader.each("copied", [&](Reader& disk) {
    plan.copied.push_back({disk.text("disk"), disk.flag("whole")});
    if (!is_disk_id(plan.copied.back().id)) disk.problem = "a disk has no such name";
  });
  reader.each("addresses", [&](Reader& known) {
    plan.addresses.push_back({known.text("mac"), known.text("address")});
  });
  return plan;
}

}  // namespace

bool is_home_file(std::string_view name) {
  constexpr std::string_view tpm = "tpm/";
  static_assert(hypervisor::firmware_state[1] == "tpm");
  if (std::ranges::find(home_files, name) != home_files.end()) return true;
  return name.starts_with(tpm) && is_plain(name.substr(tpm.size()));
}

std::string to_text(const Word& word) {
  json::object object{{"say", kinds.at(static_cast<std::size_t>(word.kind))}};
  switch (word.kind) {
    case Kind::plan:
      object["plan"] = to_json(word.plan);
      break;
    case Kind::file:
      object["name"] = word.name;
      object["disk"] = word.disk;
      object["size"] = word.size;
      break;
    case Kind::piece:
      object["at"] = word.at;
      break;
    case Kind::file_end:
      object["sha256"] = word.sha256;
      break;
    case Kind::refused:
      object["code"] = word.code;
      object["error"] = word.error;
      break;
    default:
      break;
  }
  return json::serialize(object);
}

Result<Word> parse_word(std::string_view text) {
  boost::system::error_code ec;
  json::parse_options options;
  options.max_depth = 8;
  auto value = json::parse({text.data(), text.size()}, ec, {}, options);
  if (ec || !value.is_object()) return fail(Code::invalid, "another node's word is no JSON object");
  Reader reader(value.get_object());
  auto said = reader.text("say");
  auto kind = std::ranges::find(kinds, said);
  if (kind == kinds.end()) return fail(Code::invalid, "another node says '{}'", said);
  Word word;
  word.kind = static_cast<Kind>(kind - kinds.begin());
  if (word.kind == Kind::plan) {
    const auto* plan = value.get_object().if_contains("plan");
    if (plan == nullptr || !plan->is_object())
      return fail(Code::invalid, "another node's plan is none");
    Reader inner(plan->get_object());
    word.plan = plan_of(inner);
    reader.problem = inner.problem;
  }
  word.name = reader.text("name");
  word.disk = reader.flag("disk");
  word.size = reader.number("size");
  word.at = reader.number("at");
  word.sha256 = reader.text("sha256");
  word.code = reader.text("code");
  word.error = reader.text("error");
  bool named = word.disk ? is_disk_id(word.name) : is_home_file(word.name);
  if (word.kind == Kind::file && !named) reader.problem = "it names a file that does not go along";
  if (!reader.problem.empty()) return fail(Code::invalid, "another node: {}", reader.problem);
  return word;
}

}  // namespace truce::node
