#include "manager/leadership.h"

namespace truce::manager {

std::optional<Seat> Election::leader() const {
  if (value_.host.empty()) return std::nullopt;
  return Seat{value_.host, value_.address};
}

void Election::saw(std::optional<model::Leadership> value, store::Revision revision, Moment at) {
  if (role_ == Role::over) return;
  auto seen = value.value_or(model::Leadership{});
  if (role_ == Role::leads) {
    // What we wrote without knowing it is ours; when it was sent nobody remembers, so it gives no
    // credit.
    if (seen.host == own_.name && seen.term == value_.term) {
      value_ = std::move(seen);
      revision_ = revision;
      must_read_ = false;
    } else {
      role_ = Role::over;
    }
    return;
  }
  if (must_read_ || revision != revision_) since_ = at;
  value_ = std::move(seen);
  revision_ = revision;
  must_read_ = false;
}

std::optional<Election::Bid> Election::bid(Moment at) const {
  if (must_read_ || role_ == Role::over) return std::nullopt;
  model::Leadership value{.host = own_.name, .address = own_.address};
  value.term = value_.term;
  if (role_ == Role::leads) {
    value.renewals = value_.renewals + 1;
    return Bid{revision_, value, false};
  }
  // What an earlier life of this host's daemon has left is nobody's any more.
  bool free = value_.host.empty() || value_.host == own_.name || at - since_ >= timing_.dead;
  if (!free) return std::nullopt;
  ++value.term;
  return Bid{revision_, value, true};
}

void Election::committed(const Bid& bid, store::Revision revision, Moment sent) {
  if (role_ == Role::over) return;
  value_ = bid.value;
  revision_ = revision;
  credit_ = sent;
  role_ = Role::leads;
}

void Election::refused() {
  if (role_ == Role::leads) role_ = Role::over;
  must_read_ = true;
}

void Election::look(Moment at) {
  if (role_ == Role::leads && at - credit_ >= timing_.self) role_ = Role::over;
}

}  // namespace truce::manager
