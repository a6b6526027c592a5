#include "wire.h"

#include <grpc/support/log.h>
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/byte_buffer.h>

#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "base/file.h"
#include "base/log.h"

namespace truce::etcd {

namespace {

/// Bounds of a message that a member sends: a page of a listing is made to fit.
constexpr int max_message_bytes = 16 << 20;
/// What a stream has brought and nobody has read yet; beyond it the member waits.
constexpr std::size_t max_unread_bytes = 16U << 20;

constexpr unsigned seconds_between_reads = 2;  // of files with certificates

using Contexts = std::set<grpc::ClientContext*>;

/// A call that runs, as long as gRPC or a coroutine has to do with it. Ends on the loop.
struct Running {
  explicit Running(std::shared_ptr<Contexts> among) : all(std::move(among)) {
    all->insert(&context);
  }
  ~Running() { all->erase(&context); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  std::shared_ptr<Contexts> all;
  grpc::ClientContext context;
  grpc::Status status;
};

struct Unary : Running {
  using Running::Running;
  grpc::ByteBuffer response;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
};

/// What gRPC tells, on its thread, that it has done what it was asked.
struct Tag {
  virtual ~Tag() = default;
  virtual void complete(bool well) = 0;
};

/// One thing that gRPC was asked to do. Keeps itself, and what gRPC writes into, until it is done.
struct Step final : Tag {
  Step(const asio::any_io_executor& on, std::shared_ptr<void> of)
      : loop(on), wakeup(on), call(std::move(of)) {}

  // All that follows, the end of the last reference too, is on the loop.
  void complete(bool well) override {
    auto executor = loop;
    asio::post(executor, [me = std::move(self), well] {
      me->done = true;
      me->ok = well;
      me->call.reset();
      me->wakeup.wake();
    });
  }

  asio::any_io_executor loop;
  Wakeup wakeup;
  std::shared_ptr<void> call;
  std::shared_ptr<Step> self;
  bool done = false, ok = false;
};

std::shared_ptr<Step> step_of(const asio::any_io_executor& loop, std::shared_ptr<void> call) {
  auto step = std::make_shared<Step>(loop, std::move(call));
  step->self = step;
  return step;
}

std::string text_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return {};
  std::string text;
  text.reserve(buffer.Length());
  for (const auto& slice : slices)
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

grpc::ByteBuffer buffer_of(const std::string& text) {
  grpc::Slice slice(text);
  return {&slice, 1};
}

Answer answer_of(const grpc::Status& status, std::string text) {
  if (status.ok()) return {Status::ok, std::move(text)};
  return {static_cast<Status>(status.error_code()), status.error_message()};
}

void describe(grpc::ClientContext& context, const std::string& token) {
  context.AddMetadata("hasleader", "true");  // a member without a leader says so at once
  if (!token.empty()) context.AddMetadata("token", token);
}

grpc::ChannelArguments arguments() {
  grpc::ChannelArguments all;
  all.SetMaxReceiveMessageSize(max_message_bytes);
  all.SetMaxSendMessageSize(-1);  // what is sent is bounded already, and etcd has its own limit
  all.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);  // etcd drops whom it hears below every 5 s
  all.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  all.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  all.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  all.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);
  all.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  all.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  all.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  all.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  all.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // nothing is sent twice unasked
  return all;
}

Result<std::string> content_of(const std::filesystem::path& file) {
  if (file.empty()) return std::string();
  auto content = read_file(file, mib(1));
  if (!content) return fail(Code::invalid, "{}", content.error().message);
  return content;
}

Result<std::shared_ptr<grpc::ChannelCredentials>> credentials_for(std::string_view scheme,
                                                                  const Tls& tls) {
  if (scheme == "http") return grpc::InsecureChannelCredentials();
  TRY(auto authority, content_of(tls.authority));
  TRY(auto certificate, content_of(tls.certificate));
  TRY(auto key, content_of(tls.key));
  if (certificate.empty() != key.empty())
    return fail(Code::invalid, "a certificate and its key are given together");
  if (authority.empty() && certificate.empty()) return grpc::SslCredentials({});
  // Read anew by a thread of gRPC's: what is replaced is used from the next connection on.
  using grpc::experimental::FileWatcherCertificateProvider;
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::make_shared<FileWatcherCertificateProvider>(
      tls.key.string(), tls.certificate.string(), tls.authority.string(), seconds_between_reads));
  if (!authority.empty()) options.watch_root_certs();
  if (!certificate.empty()) options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace

struct Wire::Inner {
  explicit Inner(asio::any_io_executor on) : loop(std::move(on)) {}

  void close() {
    if (closed) return;
    for (auto* context : *contexts) context->TryCancel();
    {
      std::lock_guard lock(gate);  // gRPC's thread starts nothing between these two
      closed = true;
      queue.Shutdown();
    }
    if (thread.joinable()) thread.join();
  }

  void serve() {
    void* tag = nullptr;
    for (bool ok = false; queue.Next(&tag, &ok);) static_cast<Tag*>(tag)->complete(ok);
  }

  asio::any_io_executor loop;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
  std::shared_ptr<Contexts> contexts = std::make_shared<Contexts>();
  grpc::CompletionQueue queue;
  std::thread thread;
  std::mutex gate;
  bool closed = false;  ///< set on the loop
};

/// A stream, and the tag of its reads. gRPC's thread reads on by itself: a loop that has much to do
/// would fall behind if it had to ask for every message.
struct Stream::Inner final : Running, Tag, std::enable_shared_from_this<Inner> {
  explicit Inner(std::shared_ptr<Wire::Inner> of)
      : Running(of->contexts), wire(std::move(of)), arrived(wire->loop) {}

  // Waits for one step; false, too, when the wire is closed.
  static Async<bool> perform(std::shared_ptr<Inner> self,
                             std::function<void(Inner&, void*)> start) {
    if (self->wire->closed) co_return false;
    auto step = step_of(self->wire->loop, self);
    start(*self, static_cast<Tag*>(step.get()));
    while (!step->done) co_await step->wakeup.wait();
    co_return step->ok;
  }

  // The next message and whether there will be more; reads on when there is room.
  std::pair<std::optional<std::string>, bool> take() {
    std::lock_guard lock(mutex);
    std::optional<std::string> first;
    if (!unread.empty()) {
      first = std::move(unread.front());
      unread.pop_front();
      unread_bytes -= first->size();
    }
    if (!reading && !ended && unread_bytes < max_unread_bytes) {
      reading = shared_from_this();
      calls->Read(&message, static_cast<Tag*>(this));
    }
    return {std::move(first), !ended || !unread.empty()};
  }

  void complete(bool well) override {
    std::unique_lock lock(mutex);
    auto me = reading;
    if (well) {
      unread.push_back(text_of(message));
      unread_bytes += unread.back().size();
    }
    ended = !well;
    if (!well || unread_bytes >= max_unread_bytes || !read_on()) reading.reset();
    if (reading && unread.size() > 1) return;  // the loop knows
    lock.unlock();                             // the loop may end this
    auto loop = wire->loop;
    asio::post(loop, [me = std::move(me)] { me->arrived.wake(); });
  }

  bool read_on() {
    std::lock_guard lock(wire->gate);
    if (wire->closed) return false;
    calls->Read(&message, static_cast<Tag*>(this));
    return true;
  }

  std::shared_ptr<Wire::Inner> wire;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> calls;
  grpc::ByteBuffer message;
  Wakeup arrived;
  std::mutex mutex;
  std::deque<std::string> unread;
  std::size_t unread_bytes = 0;
  std::shared_ptr<Inner> reading;  ///< this, while gRPC reads
  bool ended = false;
};

Async<std::optional<std::string>> Stream::read() {
  auto inner = inner_;
  while (!inner->wire->closed) {
    auto [message, more] = inner->take();
    if (message || !more) co_return std::move(message);
    co_await inner->arrived.wait();
  }
  co_return std::nullopt;
}

Async<Answer> Stream::end() {
  auto inner = inner_;
  auto ok = co_await Inner::perform(
      inner, [](Inner& stream, void* tag) { stream.calls->Finish(&stream.status, tag); });
  if (!ok) co_return Answer{Status::cancelled, "closed"};
  co_return answer_of(inner->status, {});
}

void Stream::cancel() {
  inner_->context.TryCancel();
}

Wire::Wire(std::shared_ptr<Inner> inner) : inner_(std::move(inner)) {}

Wire::~Wire() {
  close();
}

void Wire::close() {
  inner_->close();
}

Result<std::unique_ptr<Wire>> Wire::make(asio::any_io_executor loop, const Options& options) {
  // What it has to say comes as an error, too; a member that is away would fill the log.
  gpr_set_log_function([](gpr_log_func_args* line) { spdlog::debug("grpc: {}", line->message); });
  auto inner = std::make_shared<Inner>(std::move(loop));
  std::string_view common;
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  for (const auto& url : options.urls) {
    auto end = url.find("://");
    auto scheme = std::string_view(url).substr(0, end);
    auto place = end == url.npos ? std::string() : url.substr(end + 3);
    if (place.ends_with('/')) place.pop_back();
    if ((scheme != "http" && scheme != "https") || place.rfind(':') == place.npos ||
        place.find_first_of("/@?#, ") != place.npos) {
      return fail(Code::invalid, "{}: not a URL like https://10.0.0.1:2379", url);
    }
    if (!common.empty() && scheme != common)
      return fail(Code::invalid, "{}: the members' URLs are all http, or all https", url);
    common = scheme;
    if (!credentials) {
      TRY(credentials, credentials_for(scheme, options.tls));
    }
    inner->stubs.push_back(std::make_unique<grpc::GenericStub>(
        grpc::CreateCustomChannel(place, credentials, arguments())));
  }
  if (inner->stubs.empty()) return fail(Code::invalid, "no URL of a member of etcd is given");
  inner->thread = std::thread([raw = inner.get()] { raw->serve(); });
  return std::unique_ptr<Wire>(new Wire(std::move(inner)));
}

std::size_t Wire::members() const {
  return inner_->stubs.size();
}

Async<Answer> Wire::call(std::size_t member, std::string method, std::string request,
                         std::string token, Duration limit) {
  auto inner = inner_;
  if (inner->closed) co_return Answer{Status::cancelled, "closed"};
  auto call = std::make_shared<Unary>(inner->contexts);
  describe(call->context, token);
  call->context.set_deadline(std::chrono::system_clock::now() + limit);
  call->reader = inner->stubs[member]->PrepareUnaryCall(&call->context, method, buffer_of(request),
                                                        &inner->queue);
  call->reader->StartCall();
  auto step = step_of(inner->loop, call);
  call->reader->Finish(&call->response, &call->status, static_cast<Tag*>(step.get()));
  while (!step->done) {
    co_await step->wakeup.wait();
    auto state = co_await asio::this_coro::cancellation_state;
    if (step->done || state.cancelled() == asio::cancellation_type::none) continue;
    call->context.TryCancel();
    co_return Answer{Status::cancelled, "cancelled"};
  }
  co_return answer_of(call->status, text_of(call->response));
}

Async<std::shared_ptr<Stream>> Wire::stream(std::size_t member, std::string method,
                                            std::string request, std::string token) {
  auto wire = inner_;
  auto inner = std::make_shared<Stream::Inner>(wire);
  if (wire->closed) co_return std::make_shared<Stream>(std::move(inner));
  describe(inner->context, token);
  inner->calls = wire->stubs[member]->PrepareCall(&inner->context, method, &wire->queue);
  auto started = co_await Stream::Inner::perform(
      inner, [](Stream::Inner& of, void* tag) { of.calls->StartCall(tag); });
  if (started) {
    inner->message = buffer_of(request);
    co_await Stream::Inner::perform(
        inner, [](Stream::Inner& of, void* tag) { of.calls->Write(of.message, tag); });
  }
  co_return std::make_shared<Stream>(std::move(inner));
}

}  // namespace truce::etcd
