#include "link/relays.h"

#include <pthread.h>

#include <csignal>

#include "relays_inner.h"

namespace truce::link {

Relays::Inner::Inner(Settings s) : settings(std::move(s)) {}

void Relays::Inner::start() {
  // Signals are for the program's own thread; a write to a broken connection is no end of it.
  sigset_t all{};
  sigset_t before{};
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  for (std::size_t i = 0; i < std::max<std::size_t>(settings.threads, 1); ++i) {
    threads.emplace_back([this] { context.run(); });
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Relays::Inner::stop() {
  {
    std::lock_guard lock(mutex);
    if (std::exchange(stopping, true)) return;
    for (auto& [id, entry] : entries) {
      asio::post(entry.connection->strand(), [c = entry.connection] { c->close(); });
    }
    for (auto& [id, closer] : closers) asio::post(closer.strand, closer.close);
    closers.clear();
  }
  work.reset();
  for (auto& thread : threads) thread.join();
}

std::shared_ptr<Connection> Relays::Inner::add(Strand strand) {
  std::lock_guard lock(mutex);
  if (stopping) return nullptr;
  auto id = next_id++;
  auto connection = std::make_shared<Connection>(*this, id, std::move(strand));
  entries[id].connection = connection;
  return connection;
}

void Relays::Inner::remove(std::uint64_t id) {
  std::lock_guard lock(mutex);
  auto entry = entries.find(id);
  if (entry == entries.end()) return;
  if (!entry->second.host.empty()) --established;
  entries.erase(entry);
}

void Relays::Inner::post(std::uint64_t id, std::function<void(Connection&)> job) {
  std::lock_guard lock(mutex);
  auto entry = entries.find(id);
  if (stopping || entry == entries.end()) return;
  auto connection = entry->second.connection;
  asio::post(connection->strand(), [connection, job = std::move(job)] {
    if (!connection->closed()) job(*connection);
  });
}

std::uint64_t Relays::Inner::add_closer(Strand strand, std::function<void()> close) {
  std::lock_guard lock(mutex);
  if (stopping) return 0;
  closers.emplace(next_id, Closer{std::move(strand), std::move(close)});
  return next_id++;
}

void Relays::Inner::remove_closer(std::uint64_t id) {
  std::lock_guard lock(mutex);
  auto closer = closers.find(id);
  if (closer == closers.end()) return;
  asio::post(closer->second.strand, closer->second.close);
  closers.erase(closer);
}

bool Relays::Inner::establish(std::uint64_t id, const std::string& host) {
  std::lock_guard lock(mutex);
  auto entry = entries.find(id);
  if (stopping || entry == entries.end() || established >= settings.connections) return false;
  ++established;
  entry->second.host = host;
  return true;
}

void Relays::Inner::end(const std::string& host) {
  std::lock_guard lock(mutex);
  if (stopping) return;
  for (auto& [id, entry] : entries) {
    if (entry.host != host) continue;
    asio::post(entry.connection->strand(), [c = entry.connection] { c->close(); });
  }
}

Relays::Relays() : Relays(Settings()) {}
Relays::Relays(Settings settings) : inner_(std::make_shared<Inner>(std::move(settings))) {
  inner_->start();
}
Relays::~Relays() {
  stop();
}

std::size_t Relays::connections() const {
  std::lock_guard lock(inner_->mutex);
  return inner_->established;
}

void Relays::end(const std::string& host) {
  inner_->end(host);
}

void Relays::stop() {
  inner_->stop();
}

}  // namespace truce::link
