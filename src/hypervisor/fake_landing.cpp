#include "fake_landing.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace truce::hypervisor {

namespace {

constexpr std::uint32_t frame_limit = 2 << 20;

Result<Fd> listen_on(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path)
    return fail(Code::invalid, "{}: too long for the path of a socket", path.string());
  std::memcpy(address.sun_path, path.c_str(), path.native().size() + 1);
  (void)::unlink(path.c_str());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "socket");
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), 8) != 0)
    return fail_errno(errno, "listen on " + path.string());
  return fd;
}

void send_done(int stream) {
  constexpr char done[] = {0, 0, 0, 4, 'd', 'o', 'n', 'e'};
  (void)::send(stream, done, sizeof done, MSG_NOSIGNAL);
}

}  // namespace

Result<std::shared_ptr<FakeLanding>> FakeLanding::make(
    const std::filesystem::path& folder, std::map<std::string, std::filesystem::path> disks,
    bool breaks) {
  std::shared_ptr<FakeLanding> made(new FakeLanding);
  TRY_VOID(make_folder(folder));
  made->sockets_.memory = folder / "memory.sock";
  TRY(made->memory_, listen_on(made->sockets_.memory));
  if (!disks.empty()) {
    made->sockets_.disks = folder / "disks.sock";
    TRY(made->disks_listener_, listen_on(made->sockets_.disks));
  }
  made->disks_ = std::move(disks);
  made->breaks_ = breaks;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  made->stop_reader_ = Fd(ends[0]);
  made->stop_ = Fd(ends[1]);
  made->thread_ = std::thread([landing = made.get()] { landing->run(); });
  return made;
}

FakeLanding::~FakeLanding() {
  stop_ = Fd();  // whoever waits sees the end of the pipe
  if (thread_.joinable()) thread_.join();
  std::error_code none;
  for (const auto& path : {sockets_.memory, sockets_.disks}) {
    if (!path.empty()) std::filesystem::remove(path, none);
  }
}

void FakeLanding::run() {
  bool whole = true;
  if (!disks_.empty()) {
    auto stream = accept(disks_listener_.get());
    whole = stream && take_disks(stream.get());
  }
  if (whole) {
    auto stream = accept(memory_.get());
    whole = stream && take_memory(stream.get());
    if (whole) {
      state_ = State::landed;
      send_done(stream.get());
    }
  }
  if (!whole) state_ = State::broken;
  memory_ = Fd();
  disks_listener_ = Fd();
}

bool FakeLanding::take_disks(int stream) {
  std::string id, content;
  while (read_frame(stream, id)) {
    if (id.empty()) {
      send_done(stream);
      return true;
    }
    auto file = disks_.find(id);
    if (!read_frame(stream, content) || file == disks_.end()) return false;
    std::ofstream out(file->second, std::ios::binary | std::ios::trunc);
    if (!(out << content).flush()) return false;
  }
  return false;
}

bool FakeLanding::take_memory(int stream) {
  std::string frame;
  if (!read_frame(stream, frame)) return false;
  boost::system::error_code ec;
  auto state = boost::json::parse(frame, ec);
  const auto* object = ec ? nullptr : state.if_object();
  const auto* resets = object != nullptr ? object->if_contains("resets") : nullptr;
  if (resets == nullptr || !resets->is_int64()) return false;
  resets_ = static_cast<int>(resets->get_int64());
  while (read_frame(stream, frame)) {
    if (frame.empty()) return !breaks_;
    if (frame == "go") state_ = State::running;
  }
  return false;
}

bool FakeLanding::read_frame(int stream, std::string& frame) {
  std::uint32_t size = 0;
  if (!read_all(stream, &size, sizeof size)) return false;
  size = ntohl(size);
  if (size > frame_limit) return false;
  frame.resize(size);
  return read_all(stream, frame.data(), size);
}

bool FakeLanding::read_all(int stream, void* bytes, std::size_t size) {
  auto* at = static_cast<char*>(bytes);
  while (size > 0) {
    if (!wait_for(stream)) return false;
    auto got = ::read(stream, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool FakeLanding::wait_for(int fd) {
  pollfd both[] = {{fd, POLLIN, 0}, {stop_reader_.get(), POLLIN, 0}};
  while (::poll(both, 2, -1) < 0) {
    if (errno != EINTR) return false;
  }
  return both[1].revents == 0;
}

Fd FakeLanding::accept(int listener) {
  if (!wait_for(listener)) return {};
  return Fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
}

}  // namespace truce::hypervisor
