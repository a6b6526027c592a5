#include "link.h"

namespace truce::libvirt {

namespace {

constexpr auto longest_open = 25s;
constexpr std::size_t most_idle = 1;  // verbs are seldom
constexpr auto longest_goodbye = 3s;
constexpr auto look_again = 200ms;

}  // namespace

Link::Link(asio::any_io_executor loop, platform::Account account, KeepAlive keep)
    : loop_(loop),
      account_(std::move(account)),
      keep_(keep),
      crew_(loop),
      heard_(std::make_shared<Wakeup>(std::move(loop))),
      lines_(new_lines(most_idle)) {}

Link::~Link() = default;

std::shared_ptr<Lines> Link::new_lines(std::size_t idle) const {
  return std::make_shared<Lines>(account_, keep_, idle);
}

Async<Error> Link::until_broken(std::shared_ptr<News> news) {
  while (true) {
    if (auto why = news->why_broken(); !why.empty())
      co_return Error{Code::unavailable, "the connection has ended: " + why, {}};
    co_await sleep_for(look_again);
  }
}

void Link::note(const std::string& machine) {
  if (news_) news_->machine(machine);
}

Async<Result<ConnectionPtr>> Link::open() {
  // An attempt that hangs is not doubled: it ends when the system gives it up.
  if (at_it_->exchange(true))
    co_return fail(Code::unavailable,
                   "{}: the last attempt has not ended: the host does not answer", account_.url);
  news_ = std::make_shared<News>([door = crew_.door(), weak = std::weak_ptr(heard_)] {
    door->post([weak] {
      if (auto heard = weak.lock()) heard->wake();
    });
  });
  auto carry = [account = account_, keep = keep_, news = news_, at_it = at_it_] {
    auto made = Connection::open(account, keep, news);
    *at_it = false;
    return made;
  };
  auto made = co_await crew_.call<ConnectionPtr>(std::move(carry), longest_open);
  if (!made && made.error().code == Code::limit) *at_it_ = false;  // it was not begun
  if (!made && made.error().code == Code::timeout)
    co_return fail(Code::unavailable, "{}: {}", account_.url, made.error().message);
  co_return made;
}

Async<Result<void>> Link::connect() {
  while (opening_) co_await sleep_for(20ms);  // of another call
  if (connection_ && why_broken().empty()) co_return Result<void>();
  drop();
  struct Opening {
    bool& flag;
    explicit Opening(bool& on) : flag(on) { flag = true; }
    ~Opening() { flag = false; }
  } opening(opening_);
  CO_TRY(connection_, co_await open());
  ++number_;
  co_return Result<void>();
}

std::string Link::why_broken() const {
  return news_ ? news_->why_broken() : std::string();
}

News::Taken Link::take() {
  return news_ ? news_->take() : News::Taken();
}

Async<void> Link::wait(Duration patience) {
  auto heard = [](std::shared_ptr<Wakeup> on) -> Async<Result<void>> {
    co_await on->wait();
    co_return Result<void>();
  };
  (void)co_await within(patience, heard(heard_), "news");
}

// The last one who holds it ends it; a thread does, as that may block.
void Link::drop() {
  connection_.reset();
}

Async<void> Link::close() {
  auto over = std::exchange(connection_, nullptr);
  if (!over) co_return;
  std::function<Result<void>()> carry = [over]() -> Result<void> {
    over->close();
    return {};
  };
  over.reset();
  (void)co_await crew_.call<void>(std::move(carry), longest_goodbye);
}

}  // namespace truce::libvirt
