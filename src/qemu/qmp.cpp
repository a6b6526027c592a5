#include "qmp.h"

#include <sys/socket.h>

#include <boost/asio/read_until.hpp>
#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace truce::qemu {
namespace {

// Classes of qapi/error.json; all but a few are GenericError.
Code code_of(std::string_view error_class) {
  if (error_class == "CommandNotFound" || error_class == "KVMMissingCap") return Code::unsupported;
  if (error_class == "DeviceNotFound") return Code::not_found;
  if (error_class == "DeviceNotActive") return Code::precondition;
  return Code::io;
}

const json::object* object_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr ? value->if_object() : nullptr;
}

std::uint64_t id_of(const json::object& object) {
  const auto* id = object.if_contains("id");
  if (id == nullptr) return 0;
  if (const auto* number = id->if_int64())
    return *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
  if (const auto* number = id->if_uint64()) return *number;
  return 0;
}

QmpGreeting greeting_of(const json::object& greeting) {
  const auto* version = object_of(greeting, "version");
  const auto* number = version != nullptr ? version->if_contains("qemu") : nullptr;
  if (number == nullptr) return {};
  return {fmt::format("{}.{}.{}", integer_in(*number, "major"), integer_in(*number, "minor"),
                      integer_in(*number, "micro"))};
}

}  // namespace

const json::value* field_of(const json::value& value, std::string_view key) {
  const auto* object = value.if_object();
  return object != nullptr ? object->if_contains(key) : nullptr;
}

std::string text_in(const json::value& object, std::string_view key) {
  const auto* field = field_of(object, key);
  return field != nullptr && field->is_string() ? std::string(field->get_string()) : std::string();
}

std::int64_t integer_in(const json::value& object, std::string_view key) {
  const auto* field = field_of(object, key);
  return field != nullptr && field->is_int64() ? field->get_int64() : 0;
}

bool bool_in(const json::value& object, std::string_view key) {
  const auto* field = field_of(object, key);
  return field != nullptr && field->is_bool() && field->get_bool();
}

Result<QmpMessage> parse_qmp(std::string_view line) {
  boost::system::error_code ec;
  auto value = json::parse(line, ec);
  if (ec) return fail(Code::corrupt, "QMP: not JSON: {}", ec.message());
  auto* object = value.if_object();
  if (object == nullptr) return fail(Code::corrupt, "QMP: a line is not an object");
  if (const auto* greeting = object_of(*object, "QMP")) return greeting_of(*greeting);
  if (auto* result = object->if_contains("return")) {
    return QmpReply{id_of(*object), std::move(*result)};
  }
  if (object_of(*object, "error") != nullptr) {
    const auto& error = object->at("error");
    auto described = text_in(error, "desc");
    if (described.empty()) described = "refused without a reason";
    return QmpReply{id_of(*object),
                    std::unexpected(Error{code_of(text_in(error, "class")), described, {}})};
  }
  if (auto name = text_in(value, "event"); !name.empty()) {
    const auto* arguments = object_of(*object, "data");
    return QmpEvent{std::move(name), arguments != nullptr ? *arguments : json::object()};
  }
  return fail(Code::corrupt, "QMP: a line is neither greeting, reply nor event");
}

Qmp::Qmp(Socket socket, Sink sink, QmpLimits limits)
    : socket_(std::move(socket)),
      sink_(std::move(sink)),
      limits_(limits),
      to_send_(socket_.get_executor()) {}

Async<Result<std::shared_ptr<Qmp>>> Qmp::connect(std::filesystem::path path, Sink sink) {
  Socket socket(co_await asio::this_coro::executor);
  if (path.native().size() >= sizeof(sockaddr_un::sun_path)) {
    co_return fail(Code::invalid, "{}: too long for the path of a socket", path.string());
  }
  auto [ec] = co_await socket.async_connect(path.string(), as_result);
  if (ec) co_return fail(Code::unavailable, "connect to {}: {}", path.string(), ec.message());
  co_return std::make_shared<Qmp>(std::move(socket), std::move(sink));
}

std::pair<std::uint64_t, std::shared_ptr<Qmp::Call>> Qmp::submit(std::string command,
                                                                 json::object arguments,
                                                                 Duration limit, Fd passed) {
  auto call = std::make_shared<Call>(socket_.get_executor());
  call->command = std::move(command);
  call->limit = limit;
  if (closed_) {
    call->answer = fail(Code::unavailable, "QMP is not connected");
  } else if (calls_.size() >= limits_.outstanding_calls) {
    call->answer = fail(Code::limit, "QMP: {} calls wait for an answer already", calls_.size());
  }
  if (call->answer) return {0, call};
  auto id = ++last_id_;
  json::object message{{"execute", call->command}, {"id", id}};
  if (!arguments.empty()) message["arguments"] = std::move(arguments);
  outgoing_.push_back({id, json::serialize(message) + "\n", 0, std::move(passed)});
  calls_.emplace(id, call);
  to_send_.wake();
  return {id, call};
}

Async<Result<json::value>> Qmp::execute(std::string command, json::object arguments, Duration limit,
                                        Fd passed) {
  auto [id, call] = submit(std::move(command), std::move(arguments), limit, std::move(passed));
  return answer(shared_from_this(), id, call);
}

Async<Result<json::value>> Qmp::answer(std::shared_ptr<Qmp> self, std::uint64_t id,
                                       std::shared_ptr<Call> call) {
  bool cancelled = false;
  if (!call->answer) {
    call->answered.expires_after(call->limit);
    auto [ec] = co_await call->answered.async_wait(as_result);
    cancelled = static_cast<bool>(ec);
  }
  if (self->calls_.erase(id) > 0) self->to_send_.wake();
  if (!call->answer && cancelled) {
    co_return fail(Code::cancelled, "QMP {}: cancelled", call->command);
  }
  if (!call->answer) {
    co_return fail(Code::timeout, "QMP {}: no answer within {} ms", call->command,
                   call->limit.count());
  }
  if (!*call->answer)
    co_return std::unexpected((*call->answer).error().within("QMP " + call->command));
  co_return std::move(**call->answer);
}

void Qmp::close() {
  if (std::exchange(closed_, true)) return;
  boost::system::error_code ignored;
  socket_.close(ignored);
  to_send_.wake();
  for (auto& [id, call] : calls_) {
    if (!call->answer) call->answer = fail(Code::unavailable, "the connection has ended");
    call->answered.cancel();
  }
  calls_.clear();
}

Async<Error> Qmp::run() {
  auto self = shared_from_this();  // whoever holds us may let go meanwhile
  auto ended = co_await (read_loop() || write_loop());
  close();
  co_return ended.index() == 0 ? std::get<0>(ended) : std::get<1>(ended);
}

Async<Error> Qmp::read_loop() {
  std::string buffer;
  while (true) {
    auto [ec, size] = co_await asio::async_read_until(
        socket_, asio::dynamic_buffer(buffer, limits_.line_bytes), '\n', as_result);
    if (ec == asio::error::not_found) {
      co_return Error{
          Code::limit, fmt::format("QMP: a line is longer than {} bytes", limits_.line_bytes), {}};
    }
    if (ec) co_return Error{Code::unavailable, "QMP: " + ec.message(), {}};
    auto message = parse_qmp(std::string_view(buffer).substr(0, size));
    if (!message) co_return message.error();
    buffer.erase(0, size);
    dispatch(std::move(*message));
    if (closed_) co_return Error{Code::unavailable, "QMP: closed", {}};
  }
}

void Qmp::dispatch(QmpMessage message) {
  if (auto* event = std::get_if<QmpEvent>(&message)) return sink_(*event);
  auto* reply = std::get_if<QmpReply>(&message);
  if (reply == nullptr) return;  // a greeting: commands may be sent before it has come
  auto found = calls_.find(reply->id);
  if (found == calls_.end()) {
    spdlog::debug("QMP: an answer to call {}, which nobody waits for", reply->id);
    return;
  }
  auto call = found->second;
  calls_.erase(found);
  to_send_.wake();
  call->answer = std::move(reply->result);
  call->answered.cancel();
}

namespace {
// sendmsg(2) of what is left, with the descriptor beside its first byte. Errno, or 0.
int send_some(int socket, std::string& bytes, std::size_t& sent, Fd& passed) {
  iovec part{bytes.data() + sent, bytes.size() - sent};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (passed) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    auto* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    int fd = passed.get();
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  auto count = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count < 0) return errno;
  passed = Fd();
  sent += static_cast<std::size_t>(count);
  return 0;
}
}  // namespace

Async<Error> Qmp::write_loop() {
  while (true) {
    while (!outgoing_.empty()) {
      auto& next = outgoing_.front();
      if (next.passed && next.id != last_with_fd_ && calls_.contains(last_with_fd_)) break;
      if (next.passed) last_with_fd_ = next.id;
      auto error = send_some(socket_.native_handle(), next.bytes, next.sent, next.passed);
      if (error == EAGAIN || error == EINTR) {
        auto [ec] = co_await socket_.async_wait(Socket::wait_write, as_result);
        if (ec) co_return Error{Code::unavailable, "QMP: " + ec.message(), {}};
      } else if (error != 0) {
        co_return Error{Code::unavailable, fmt::format("QMP: {}", std::strerror(error)), {}};
      } else if (next.sent == next.bytes.size()) {
        outgoing_.pop_front();
      }
    }
    co_await to_send_.wait();
    if (closed_) co_return Error{Code::unavailable, "QMP: closed", {}};
  }
}

}  // namespace truce::qemu
