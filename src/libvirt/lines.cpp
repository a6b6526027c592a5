#include "lines.h"

namespace truce::libvirt {

Result<Lines::Line> Lines::take() {
  while (true) {
    ConnectionPtr on;
    {
      std::scoped_lock lock(mutex_);
      if (idle_.empty()) break;
      on = std::move(idle_.back());
      idle_.pop_back();
    }
    if (!on->ended()) return Line(shared_from_this(), std::move(on));
  }
  TRY(auto made, Connection::open(account_, keep_, std::make_shared<News>(nullptr),
                                  Connection::Hears::its_end));
  return Line(shared_from_this(), std::move(made));
}

void Lines::give_back(ConnectionPtr on) {
  std::scoped_lock lock(mutex_);
  if (!on->ended() && idle_.size() < most_idle_) idle_.push_back(std::move(on));
}

}  // namespace truce::libvirt
