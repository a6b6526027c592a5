#include "moving/shares.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/url.hpp>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "base/base64.h"
#include "base/random.h"
#include "image/http_once.h"

namespace truce::hyperv {

namespace {

constexpr auto loopback = "127.0.0.1";

// Its password, and the one that we sign in with, come on its standard input, so that they are on
// no command line; rclone wants the first one scrambled. It ends when we do.
constexpr auto script = R"sh(
IFS= read -r RCLONE_PASS && export RCLONE_PASS
RCLONE_SMB_PASS=$(rclone obscure -) && export RCLONE_SMB_PASS
exec rclone serve "$@" --addr 127.0.0.1:0 --config "" --dir-cache-time 1s --contimeout 10s \
  --low-level-retries 2 </dev/null
)sh";

/// What is served how.
std::vector<std::string> arguments(const std::string& share, Share::Use use) {
  auto what = ":smb:" + share;
  if (use == Share::Use::writing) return {"webdav", what};
  return {"http", what, "--read-only", "--vfs-read-chunk-size", "4M", "--vfs-read-chunk-size-limit",
          "4M"};
}

std::string url_part(std::string_view text) {
  return boost::urls::encode(text, boost::urls::unreserved_chars + '/');
}

/// The sockets that a process has, by their numbers (proc_pid_fd(5)).
std::set<std::string> sockets_of(pid_t pid) {
  constexpr std::string_view before = "socket:[";
  std::set<std::string> found;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid), error)) {
    auto target = std::filesystem::read_symlink(entry.path(), error).string();
    if (target.starts_with(before)) found.insert(target.substr(before.size(), target.size() - 9));
  }
  return found;
}

/// The port at which that process listens on the loopback, and no other does (proc_net_tcp(5)); 0:
/// none yet.
int port_of(pid_t pid) {
  constexpr std::string_view here = "0100007F:", listening = "0A";
  auto sockets = sockets_of(pid);
  std::ifstream lines(fmt::format("/proc/{}/net/tcp", pid));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string row, local, remote, state, queues, timer, retries, user, timeout, inode;
    words >> row >> local >> remote >> state >> queues >> timer >> retries >> user >> timeout >>
        inode;
    if (!local.starts_with(here) || state != listening || !sockets.contains(inode)) continue;
    int port = 0;
    std::from_chars(local.data() + here.size(), local.data() + local.size(), port, 16);
    return port;
  }
  return 0;
}

/// A file of a share, which keeps it.
class SharedFile final : public image::File {
 public:
  SharedFile(std::shared_ptr<Share> share, std::shared_ptr<image::File> file)
      : share_(std::move(share)), file_(std::move(file)) {}
  [[nodiscard]] std::string name() const override { return file_->name(); }
  [[nodiscard]] std::uint64_t size() const override { return file_->size(); }
  Result<void> read(std::uint64_t offset, image::Span into) const override {
    return file_->read(offset, into);
  }
  Result<void> write(std::uint64_t offset, image::View from) override {
    return file_->write(offset, from);
  }
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override {
    return file_->write_zeroes(offset, length);
  }
  Result<void> resize(std::uint64_t size) override { return file_->resize(size); }
  Result<void> flush() override { return file_->flush(); }
  [[nodiscard]] Result<image::Run> run(std::uint64_t offset, std::uint64_t length) const override {
    return file_->run(offset, length);
  }

 private:
  std::shared_ptr<Share> share_;
  std::shared_ptr<image::File> file_;
};

Result<void> send_secrets(int to, const std::string& ticket, const SecretPtr& password) {
  auto write = [&](std::string_view text) -> Result<void> {
    if (::write(to, text.data(), text.size()) == static_cast<ssize_t>(text.size())) return {};
    return fail_errno(errno, "rclone");
  };
  TRY_VOID(write(ticket + "\n"));
  return write(password ? password->text() : std::string_view());
}

}  // namespace

Result<SharePath> read_share_path(std::string_view file) {
  auto letter = file.empty() ? '\0' : file[0];
  bool on_volume = file.size() > 3 && file.substr(1, 2) == ":\\" &&
                   ((letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z'));
  bool goes_up = file.contains("\\..\\");
  if (!on_volume || goes_up)
    return fail(Code::unsupported, "'{}' is on no volume of the host: its disks cannot be read",
                file);
  SharePath at{std::string(1, letter) + "$", std::string(file.substr(3))};
  std::ranges::replace(at.path, '\\', '/');
  return at;
}

ShareAccess access_for(std::string host, std::string_view user, SecretPtr password,
                       std::string_view name) {
  auto backslash = user.find('\\'), at = user.find('@');
  ShareAccess access{std::move(host), std::string(user), std::string(name), std::move(password)};
  if (backslash != user.npos) {
    access.user = user.substr(backslash + 1);
    if (auto domain = user.substr(0, backslash); domain != ".") access.domain = domain;
  } else if (at != user.npos) {
    access.user = user.substr(0, at);
    access.domain = user.substr(at + 1);
  }
  return access;
}

Result<std::shared_ptr<Share>> Share::open(const ShareAccess& access, const std::string& share,
                                           Use use, const std::atomic<bool>& cancelled) {
  if (auto found = find_program("rclone"); !found)
    return fail(Code::unsupported,
                "disks of hosts with Hyper-V are moved by rclone: install rclone on this host");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe2");
  Fd theirs(ends[0]), ours(ends[1]);
  Fd said(::memfd_create("said", MFD_CLOEXEC));
  if (!said) return fail_errno(errno, "memfd_create");
  Command command;
  command.argv = {"setpriv", "--pdeathsig", "KILL", "sh", "-c", script, "share"};
  std::ranges::move(arguments(share, use), std::back_inserter(command.argv));
  command.environment = {{"RCLONE_SMB_HOST", access.host},
                         {"RCLONE_SMB_USER", access.user},
                         {"RCLONE_SMB_DOMAIN", access.domain},
                         {"RCLONE_USER", "truce"},
                         {"HOME", "/nonexistent"}};
  command.descriptors = {{theirs.get(), STDIN_FILENO}, {said.get(), STDERR_FILENO}};
  TRY(auto process, Process::start(command));
  auto ticket = random_hex(32);
  std::shared_ptr<Share> opened(new Share(std::move(process), std::move(said),
                                          fmt::format("{} of {}", share, access.host), ticket));
  theirs = Fd();
  TRY_VOID(send_secrets(ours.get(), ticket, access.password));
  ours = Fd();
  TRY_VOID(opened->wait_until_it_listens(cancelled));
  return opened;
}

Share::~Share() {
  if (ended_) return;
  (void)process_.signal(SIGKILL);
  ::waitpid(process_.pid(), nullptr, 0);
}

bool Share::has_ended() {
  ended_ = ended_ || ::waitpid(process_.pid(), nullptr, WNOHANG) == process_.pid();
  return ended_;
}

Result<void> Share::wait_until_it_listens(const std::atomic<bool>& cancelled) {
  constexpr std::chrono::milliseconds longest{30'000}, pause{20};
  auto until = std::chrono::steady_clock::now() + longest;
  while (true) {
    if (auto port = port_of(process_.pid()); port != 0) {
      url_ = fmt::format("http://{}:{}/", loopback, port);
      return {};
    }
    if (has_ended()) return fail(Code::io, "{}: rclone has ended: {}", name_, complaint());
    if (cancelled) return fail(Code::cancelled, "cancelled");
    if (std::chrono::steady_clock::now() > until)
      return fail(Code::timeout, "{}: rclone does not begin: {}", name_, complaint());
    std::this_thread::sleep_for(pause);
  }
}

// Lines like `2026/01/02 03:04:05 ERROR : web01.vhdx: WriteFileHandle.New Rcat failed: …`.
std::string Share::complaint(off_t since) const {
  constexpr std::size_t most = 4096;
  std::string said(most, '\0');
  auto got = ::pread(said_.get(), said.data(), most, since);
  said.resize(static_cast<std::size_t>(std::max<ssize_t>(0, got)));
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);) {
    if (line.contains(" NOTICE: ")) continue;
    auto level = line.find(" : ");
    return level == line.npos ? line : line.substr(level + 3);
  }
  return {};
}

std::vector<std::string> Share::headers() const {
  return {"Authorization: Basic " + base64_encode("truce:" + ticket_)};
}

std::unexpected<Error> Share::failed(const std::string& path, Error error, off_t since) const {
  auto because = complaint(since);
  return fail(error.code, "{} on {}: {}", path, name_, because.empty() ? error.message : because);
}

Result<Share::Opened> Share::file(const std::string& path, const std::atomic<bool>& cancelled) {
  image::HttpFileOptions options;
  options.headers = headers();
  options.cancelled = &cancelled;
  auto since = ::lseek(said_.get(), 0, SEEK_END);
  auto opened = image::HttpFile::open(url_ + url_part(path), options);
  if (!opened) return failed(path, std::move(opened).error(), since);
  auto version = (*opened)->version();
  return Opened{std::make_shared<SharedFile>(shared_from_this(), *std::move(opened)),
                std::move(version)};
}

Result<void> Share::send(const std::string& path, image::Image& disk,
                         const image::ConvertOptions& how) {
  image::HttpOnceOptions options;
  options.headers = headers();
  options.cancelled = how.cancelled;
  auto since = ::lseek(said_.get(), 0, SEEK_END);
  auto sent = image::http_send(url_ + url_part(path), "PUT", disk, *image::find_format("vhdx"), {},
                               how, options);
  if (sent || sent.error().code == Code::cancelled) return sent;
  auto error = std::move(sent).error();
  // WebDAV has one answer for all that goes wrong.
  if (error.code == Code::unsupported)
    error.code = complaint(since).contains("disk was full") ? Code::limit : Code::unavailable;
  return failed(path, std::move(error), since);
}

}  // namespace truce::hyperv
