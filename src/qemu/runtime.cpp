#include "runtime.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "base/release.h"
#include "base/time.h"

namespace truce::qemu {
namespace json = boost::json;
namespace {

constexpr off_t log_limit = 1 << 20;
constexpr std::string_view log_mark = "# ";  // before lines that are ours

template <class T>
Result<T> field(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value != nullptr) {
    auto read = json::try_value_to<T>(*value);
    if (read.has_value()) return *std::move(read);
  }
  return fail(Code::corrupt, "machine.json: '{}' is missing or of another type", key);
}

// Absent in what an older daemon wrote.
template <class Enum>
void read_word(const json::object& object, std::string_view key, Enum& value) {
  const auto* word = object.if_contains(key);
  if (word == nullptr || !word->is_string()) return;
  auto names = model::enum_names<Enum>();
  auto found = std::ranges::find(names, std::string_view(word->get_string()));
  if (found != names.end()) value = static_cast<Enum>(found - names.begin());
}

constexpr std::string_view passages[] = {"none", "arriving", "sending", "away"};

}  // namespace

std::string to_text(const Record& record) {
  json::array groups;
  for (const auto& group : record.control_groups) groups.emplace_back(group.string());
  return json::serialize(json::object{{"uuid", record.uuid},
                                      {"name", record.name},
                                      {"folder", record.folder.string()},
                                      {"pid", record.pid},
                                      {"start_ticks", record.start_ticks},
                                      {"control_groups", std::move(groups)},
                                      {"screen", record.screen},
                                      {"type", model::to_string(record.type)},
                                      {"disk_bus", model::to_string(record.disk_bus)},
                                      {"nic_model", model::to_string(record.nic_model)},
                                      {"queues", record.queues},
                                      {"own_network", record.own_network},
                                      {"passage", passages[static_cast<int>(record.passage)]},
                                      {"more_memory", record.more_memory.count}}) +
         "\n";
}

Result<Record> parse_record(std::string_view text) {
  boost::system::error_code ec;
  auto value = json::parse(text, ec);
  const auto* object = ec ? nullptr : value.if_object();
  if (object == nullptr) return fail(Code::corrupt, "machine.json: not a JSON object");
  Record record;
  TRY(record.uuid, field<std::string>(*object, "uuid"));
  TRY(record.name, field<std::string>(*object, "name"));
  TRY(record.folder, field<std::string>(*object, "folder"));
  TRY(record.pid, field<pid_t>(*object, "pid"));
  TRY(record.start_ticks, field<std::uint64_t>(*object, "start_ticks"));
  TRY(auto groups, field<std::vector<std::string>>(*object, "control_groups"));
  record.control_groups.assign(groups.begin(), groups.end());
  TRY(record.screen, field<bool>(*object, "screen"));
  read_word(*object, "type", record.type);
  read_word(*object, "disk_bus", record.disk_bus);
  read_word(*object, "nic_model", record.nic_model);
  if (auto queues = field<std::int64_t>(*object, "queues")) record.queues = *queues;
  if (auto own = field<bool>(*object, "own_network")) record.own_network = *own;
  if (auto word = field<std::string>(*object, "passage")) {
    auto found = std::ranges::find(passages, *word);
    bool known = found != std::end(passages);  // else a later daemon's, of which nothing is decided
    record.passage = known ? static_cast<Passage>(found - std::begin(passages)) : Passage::sending;
  }
  if (auto more = field<std::uint64_t>(*object, "more_memory")) record.more_memory = {*more};
  return record;
}

Result<void> Runtime::prepare(const User& user) const {
  clear();
  // Others may pass through to vm/, where only the VM's user may do anything, but list nothing.
  TRY_VOID(make_folder(folder_, 0711));
  if (::chmod(folder_.c_str(), user ? 0711 : 0700) != 0)
    return fail_errno(errno, "chmod " + folder_.string());
  TRY_VOID(make_folder(own(), 0700));
  if (user && ::chown(own().c_str(), user->first, user->second) != 0) {
    return fail_errno(errno, "chown " + own().string());
  }
  return {};
}

Result<Fd> Runtime::listen(const std::string& which) const {
  auto path = socket(which).string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(Code::invalid, "{}: too long for the path of a socket; choose a shorter run-dir",
                path);
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "socket");
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(fd.get(), 8) != 0) {
    return fail_errno(errno, "listen on " + path);
  }
  return fd;
}

// A socket that the VM's user could replace by a link would lead us wherever it likes.
Result<void> Runtime::take(const std::string& which) const {
  auto from = own() / (which + ".sock");
  auto to = socket(which);
  if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno(errno, "rename " + from.string());
  struct stat status{};
  if (::lstat(to.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) {
    ::unlink(to.c_str());
    return fail(Code::corrupt, "{}: not the socket that QEMU was to make", from.string());
  }
  return {};
}

// Not synced: after a crash of the host there is no process left to take over.
Result<void> Runtime::write(const Record& record) const {
  auto beside = folder_ / "machine.json.new";
  auto text = to_text(record);
  TRY(auto fd, open_file(beside, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return fail_errno(errno, "write " + beside.string());
  }
  if (::rename(beside.c_str(), (folder_ / "machine.json").c_str()) != 0) {
    return fail_errno(errno, "rename " + beside.string());
  }
  return {};
}

Result<Record> Runtime::read() const {
  TRY(auto text, read_file(folder_ / "machine.json", mib(1)));
  return parse_record(text);
}

void Runtime::begin_log(const std::vector<std::string>& words, const std::string& request) const {
  auto line = fmt::format("{}{} truce {}{}{}:", log_mark, truce::to_string(now()),
                          release::version(), request.empty() ? "" : " request ", request);
  for (const auto& word : words) {
    bool plain = !word.empty() && word.find_first_of(" \t\n'\"\\$`*?;&|<>(){}#~") == word.npos;
    line += plain ? " " + word : " '" + word + "'";
  }
  std::ranges::replace(line, '\n', ' ');
  line += '\n';
  auto file = open_file(log(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (file && ::write(file->get(), line.data(), line.size()) >= 0) return;
  spdlog::info("{}: nothing can be noted there", log().string());
}

std::string Runtime::last_words() const {
  auto text = read_file(log(), mib(8));
  if (!text) return {};
  std::string_view rest = *text;
  while (rest.ends_with('\n') || rest.ends_with('\r')) rest.remove_suffix(1);
  auto line = rest.substr(rest.rfind('\n') + 1).substr(0, 1000);
  if (line.starts_with(log_mark)) return {};  // our own
  if (auto at = line.find(": "); line.starts_with("qemu-system") && at != line.npos) {
    line.remove_prefix(at + 2);
  }
  return std::string(line);
}

void Runtime::bound_log() const {
  struct stat status{};
  bool large = ::stat(log().c_str(), &status) == 0 && status.st_size > log_limit;
  if (large && ::truncate(log().c_str(), 0) != 0) {
    spdlog::warn("{} cannot be emptied: {}", log().string(), std::strerror(errno));
  }
}

void Runtime::keep_log(const std::filesystem::path& folder) const {
  constexpr std::size_t kept = 256 << 10;
  auto text = read_file(log(), mib(8));
  std::error_code none;
  if (!text || text->empty() || !std::filesystem::is_directory(folder, none)) return;
  if (text->size() > kept) text->erase(0, text->size() - kept);
  auto done = write_file_durably(folder / log().filename(), *text);
  if (!done) spdlog::info("{}", done.error().message);
}

void Runtime::clear() const {
  if (auto removed = truce::remove_tree(folder_); !removed)
    spdlog::warn("{}", removed.error().message);
}

}  // namespace truce::qemu
