#include "beginning.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>

#include "base/file.h"

namespace truce::etcd {

namespace json = boost::json;

namespace {

std::string url(const MemberSettings& settings, const std::string& address, std::uint16_t port) {
  auto scheme = is_encrypted(settings) ? "https" : "http";
  if (address.find(':') != address.npos) return fmt::format("{}://[{}]:{}", scheme, address, port);
  return fmt::format("{}://{}:{}", scheme, address, port);
}

std::string listen_address(const MemberSettings& settings) {
  return settings.listen.empty() ? settings.address : settings.listen;
}

/// Names and URLs go into one word with commas and '=' between.
bool is_plain(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == ':';
  });
}

Result<void> check(const MemberSettings& settings) {
  if (!is_plain(settings.name) || !is_plain(settings.address)) {
    return fail(Code::invalid, "etcd: '{}' at '{}' is no name and address of a member",
                settings.name, settings.address);
  }
  if (settings.identity.empty() != settings.authority.empty()) {
    return fail(Code::invalid, "etcd: an identity and its authority are given together");
  }
  return {};
}

Result<void> lay_down(const MemberSettings& settings, const Beginning& beginning) {
  TRY_VOID(check(settings));
  if (has_member(settings)) {
    return fail(Code::conflict, "{} has a member of etcd already", settings.folder.string());
  }
  TRY_VOID(make_folders(settings));
  return write_file_durably(beginning_file(settings), to_text(beginning));
}

}  // namespace

std::string client_url(const MemberSettings& settings) {
  return url(settings, settings.address, settings.client_port);
}
std::string peer_url(const MemberSettings& settings) {
  return url(settings, settings.address, settings.peer_port);
}
std::filesystem::path data_folder(const MemberSettings& settings) {
  return settings.folder / "data";
}
std::filesystem::path beginning_file(const MemberSettings& settings) {
  return settings.folder / "member.json";
}
std::filesystem::path own_identity(const MemberSettings& settings) {
  return settings.folder / "tls/identity.pem";
}
std::filesystem::path own_authority(const MemberSettings& settings) {
  return settings.folder / "tls/authority.pem";
}
std::string data_word(const MemberSettings& settings) {
  return "--data-dir=" + data_folder(settings).string();
}

std::string to_text(const Beginning& beginning) {
  return json::serialize(json::object{{"token", beginning.token},
                                      {"initial", beginning.initial},
                                      {"existing", beginning.existing}}) +
         "\n";
}

Result<Beginning> parse_beginning(std::string_view text) {
  boost::system::error_code ec;
  auto value = json::parse(text, ec);
  const auto* object = ec ? nullptr : value.if_object();
  const auto* token = object ? object->if_contains("token") : nullptr;
  const auto* initial = object ? object->if_contains("initial") : nullptr;
  const auto* existing = object ? object->if_contains("existing") : nullptr;
  if (token == nullptr || initial == nullptr || existing == nullptr || !token->is_string() ||
      !initial->is_string() || !existing->is_bool()) {
    return fail(Code::corrupt, "member.json: it does not say how the member of etcd began");
  }
  return Beginning{std::string(token->get_string()), std::string(initial->get_string()),
                   existing->get_bool()};
}

std::vector<std::string> command_line(const MemberSettings& settings, const Beginning& beginning,
                                      Member::Others others) {
  auto listen = listen_address(settings);
  std::vector<std::string> words = {
      "etcd",
      "--name=" + settings.name,
      data_word(settings),
      "--listen-client-urls=" + url(settings, listen, settings.client_port),
      "--advertise-client-urls=" + client_url(settings),
      "--listen-peer-urls=" + url(settings, listen, settings.peer_port),
      "--initial-advertise-peer-urls=" + peer_url(settings),
      "--initial-cluster=" + beginning.initial,
      "--initial-cluster-token=" + beginning.token,
      fmt::format("--initial-cluster-state={}", beginning.existing ? "existing" : "new"),
      fmt::format("--quota-backend-bytes={}", settings.quota.count),
      "--auto-compaction-mode=revision",
      fmt::format("--auto-compaction-retention={}", settings.revisions),
      "--max-txn-ops=128",
      "--logger=zap",
      "--log-outputs=stderr",
  };
  if (is_encrypted(settings)) {
    auto identity = own_identity(settings).string();
    auto authority = own_authority(settings).string();
    for (const std::string peer : {"", "peer-"}) {
      words.push_back(fmt::format("--{}cert-file={}", peer, identity));
      words.push_back(fmt::format("--{}key-file={}", peer, identity));
      words.push_back(fmt::format("--{}trusted-ca-file={}", peer, authority));
      words.push_back(fmt::format("--{}client-cert-auth", peer));
    }
    // A host of several addresses may come from another one than its certificate names.
    words.emplace_back("--experimental-peer-skip-client-san-verification");
  }
  if (others == Member::Others::given_up) words.emplace_back("--force-new-cluster");
  return words;
}

Result<std::optional<std::pair<uid_t, gid_t>>> member_user() {
  if (::geteuid() != 0) return std::nullopt;
  std::vector<char> room(64UL * 1024);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r("etcd", &entry, room.data(), room.size(), &found) != 0 || found == nullptr) {
    return fail(Code::unsupported, "there is no user 'etcd': install etcd-server");
  }
  return std::optional(std::pair(found->pw_uid, found->pw_gid));
}

bool has_member(const MemberSettings& settings) {
  std::error_code ec;
  return std::filesystem::exists(beginning_file(settings), ec);
}

Result<void> give_to(const std::filesystem::path& path, const MemberSettings& settings) {
  if (settings.user && ::lchown(path.c_str(), settings.user->first, settings.user->second) != 0) {
    return fail_errno(errno, "chown " + path.string());
  }
  return {};
}

/// Ours, and the member passes through to what is its own.
Result<void> make_folders(const MemberSettings& settings) {
  TRY_VOID(make_folder(settings.folder, 0711));
  for (const auto& [path, mode] :
       {std::pair(data_folder(settings), 0700), std::pair(settings.folder / "tls", 0711)}) {
    TRY_VOID(make_folder(path, static_cast<unsigned>(mode)));
  }
  return give_to(data_folder(settings), settings);
}

Result<bool> copy_identity(const MemberSettings& settings) {
  if (!is_encrypted(settings)) return false;
  TRY(auto identity, read_file(settings.identity, kib(64)));
  TRY(auto authority, read_file(settings.authority, kib(64)));
  auto had = read_file(own_authority(settings), kib(64)).value_or("");
  // Replaced by a rename, so given away first.
  auto beside = own_identity(settings).string() + ".copy";
  TRY_VOID(write_file_durably(beside, identity, 0400));
  TRY_VOID(give_to(beside, settings));
  if (::rename(beside.c_str(), own_identity(settings).c_str()) != 0) {
    return fail_errno(errno, "rename " + beside);
  }
  TRY_VOID(write_file_durably(own_authority(settings), authority, 0644));
  return had != authority;
}

Result<void> found_cluster(const MemberSettings& settings, const std::string& token) {
  return lay_down(settings, {token, settings.name + "=" + peer_url(settings), false});
}

Result<void> join_cluster(const MemberSettings& settings, const std::string& token,
                          const std::vector<ListedMember>& members) {
  std::string initial;
  bool listed = false;
  for (const auto& member : members) {
    for (const auto& url : member.peer_urls) {
      bool own = url == peer_url(settings);
      listed = listed || own;
      // One that was added and never started has no name in the list; any will do.
      auto other = member.name.empty() ? fmt::format("{:x}", member.id) : member.name;
      if (!initial.empty()) initial += ',';
      initial += (own ? settings.name : other) + "=" + url;
    }
  }
  if (!listed) {
    return fail(Code::precondition, "etcd: {} is not among the members that were added",
                peer_url(settings));
  }
  return lay_down(settings, {token, initial, true});
}

Result<void> forget_member(const MemberSettings& settings) {
  // The file that says so goes last: a crash in between leaves a member that can be forgotten.
  TRY_VOID(remove_tree(data_folder(settings)));
  TRY_VOID(remove_tree(settings.folder / "tls"));
  return remove_tree(settings.folder);
}

}  // namespace truce::etcd
