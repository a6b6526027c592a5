#include "library/uploads.h"

#include <boost/asio/write.hpp>
#include <set>

#include "base/log.h"
#include "base/random.h"
#include "pools/fill.h"
#include "pools/places.h"
#include "tasks.h"
#include "templates.h"

namespace truce::manager {
namespace {

constexpr std::size_t uploads_limit = 64, uploads_of_user_limit = 8;
constexpr std::string_view library_pool = "default";
// For a disk of a host that is busy; the client waits meanwhile.
constexpr auto piece_limit = 60s;

/// Uploads that a piece is being stored of.
using Busy = std::set<std::string>;

/// Keeps an upload in that set.
class Turn {
 public:
  Turn(std::shared_ptr<Busy> busy, std::string upload)
      : busy_(std::move(busy)), upload_(std::move(upload)) {
    busy_->insert(upload_);
  }
  ~Turn() { busy_->erase(upload_); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  std::shared_ptr<Busy> busy_;
  std::string upload_;
};

std::string target_of(const model::Upload& upload) {
  return "uploads/" + upload.name;
}

bool is_sha256(std::string_view text) {
  auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == 64 && std::ranges::all_of(text, is_digit);
}

Result<void> check_number(const Inventory& inventory, const std::string& user) {
  const auto& all = inventory.all<model::Upload>();
  auto theirs = static_cast<std::size_t>(std::ranges::count_if(
      all, [&](const auto& entry) { return entry.second->object.user == user; }));
  if (theirs < uploads_of_user_limit && all.size() < uploads_limit) return {};
  return fail(Code::limit,
              "{} uploads are open, {} of them yours, and there may be {} and {}: finish or delete "
              "some (truce upload list)",
              all.size(), theirs, uploads_limit, uploads_of_user_limit);
}

// What an upload will still take, with its template.
Bytes to_come(const model::Upload& upload) {
  return {2 * upload.size.count - upload.received.count};
}

Result<void> check_room(const Inventory& inventory, const model::Upload& upload) {
  auto pool = pool_at(inventory.find<model::Pool>(library_pool)->object, upload.host);
  if (!pool->problem.empty()) {
    return fail(Code::unavailable, "nothing can be stored in '{}': {}", library_pool,
                pool->problem);
  }
  auto need = to_come(upload);
  for (const auto& [name, other] : inventory.all<model::Upload>()) {
    if (other->object.host == upload.host) need.count += to_come(other->object).count;
  }
  auto why = too_full(*pool, need);
  if (why.empty()) return {};
  return std::unexpected(
      Error{Code::limit, "with its template, and what else is on its way: " + why, "/size"});
}

Result<model::Upload> new_upload(const Rooms& rooms, const Context& context,
                                 const model::UploadCreate& wish) {
  const auto& inventory = rooms.ledger.inventory();
  if (!wish.sha256.empty() && !is_sha256(wish.sha256))
    return fail_field("/sha256", "must be 64 hexadecimal digits in lower case");
  model::Upload upload;
  TRY(upload.host, library_host(rooms));
  upload.name = random_hex(8);
  upload.template_ = wish.template_;
  upload.description = wish.description;
  upload.size = wish.size;
  upload.sha256 = wish.sha256;
  upload.user = context.caller.name;
  upload.created = now();
  upload.expires = upload.created + rooms.settings.upload_expiry;
  TRY_VOID(check_number(inventory, upload.user));
  TRY_VOID(check_room(inventory, upload));
  return upload;
}

Async<Result<http::Response>> create_upload(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::UploadCreate>());
  model::Upload upload;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(upload, new_upload(rooms, context, wish));
    change.put(upload);
    change.event("api.create_upload", target_of(upload), "",
                 fmt::format("{} for {}", to_string(upload.size), upload.template_));
    return {};
  }));
  co_return object_response(201, upload, 0);
}

Result<void> check_idle(const model::Upload& upload) {
  if (upload.task.empty()) return {};
  return fail(Code::precondition, "a template is being made of it: see task {}", upload.task);
}

// Whether a piece can be the next one.
Result<void> check_piece(const model::Upload& upload, std::uint64_t offset, std::size_t size,
                         const Busy& busy) {
  TRY_VOID(check_idle(upload));
  if (busy.contains(upload.name))
    return fail(Code::conflict, "another piece of it is being stored: ask again where to go on");
  if (offset != upload.received.count) {
    return fail(Code::conflict, "the next piece begins at offset {}, not {}", upload.received.count,
                offset);
  }
  if (size == 0) return fail(Code::invalid, "the piece is empty");
  if (size <= upload.size.count - offset) return {};
  return fail(Code::invalid, "the piece ends at {}, and the file has {} bytes", offset + size,
              upload.size.count);
}

Async<Result<void>> exchange(UnixSocket& node, const std::string& piece) {
  // What the node says of a write that it gave up is more than that the connection ended.
  co_await asio::async_write(node, asio::buffer(piece), as_result);
  CO_TRY(auto text, co_await read_frame(node, kib(64)));
  CO_TRY(auto reply, model::from_text<model::CallReply>(text, model::Unknown::ignore));
  if (reply.error.empty()) co_return Result<void>{};
  co_return std::unexpected(Error{parse_code(reply.code), reply.error, {}});
}

Async<Result<void>> store_piece(Rooms& rooms, const model::Upload& upload,
                                const std::string& piece) {
  model::Call call{.verb = model::CallVerb::put_piece};
  call.file = upload.name;
  call.offset = static_cast<std::int64_t>(upload.received.count);
  call.bytes = static_cast<std::int64_t>(piece.size());
  CO_TRY(auto node, co_await rooms.nodes.open_stream(upload.host, std::move(call)));
  co_return co_await within(piece_limit, exchange(node, piece), "the host's disk");
}

Async<Result<http::Response>> put_content(Rooms& rooms, const Context& context,
                                          std::shared_ptr<Busy> busy) {
  const auto& inventory = rooms.ledger.inventory();
  const auto* offset_text = context.query("offset");
  if (offset_text == nullptr) co_return fail_field("?offset", "is missing");
  auto offset = std::strtoull(offset_text->c_str(), nullptr, 10);
  const auto& piece = context.request.body;
  CO_TRY(auto kept, find<model::Upload>(inventory, context.caller, context.name()));
  CO_TRY_VOID(check_piece(kept->object, offset, piece.size(), *busy));
  Turn turn(busy, context.name());
  CO_TRY_VOID(co_await store_piece(rooms, kept->object, piece));
  // Only now: what an upload says to have received is on the disk.
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(kept, find<model::Upload>(inventory, context.caller, context.name()));
    auto upload = kept->object;
    upload.received.count = offset + piece.size();
    upload.expires = now() + rooms.settings.upload_expiry;
    change.put(upload);
    return {};
  }));
  CO_TRY(kept, find<model::Upload>(inventory, context.caller, context.name()));
  co_return object_response(200, kept->object, kept->revision);
}

model::Job job_of(const model::Task& task, const model::Upload& upload, std::string full) {
  model::Job job;
  job.task = task.name;
  job.kind = model::JobKind::import_upload;
  job.host = upload.host;
  job.template_ = std::move(full);
  job.source = upload.name;
  job.size = upload.size;
  job.sha256 = upload.sha256;
  job.description = upload.description;
  return job;
}

Async<Result<http::Response>> finish_upload(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Upload>(inventory, context.caller, context.name()));
    auto upload = kept->object;
    if (auto running = inventory.find<model::Task>(upload.task)) {
      task = running->object;
      return {};
    }
    if (upload.received != upload.size) {
      return fail(Code::precondition, "{} of its {} bytes have arrived: send the others first",
                  upload.received.count, upload.size.count);
    }
    auto full = next_template(inventory, upload.template_);
    task = begin_task(rooms.ledger, change, "template.create", "templates/" + full, "", 0);
    change.put_job(job_of(task, upload, full));
    upload.task = task.name;
    upload.problem.clear();
    change.put(upload);
    change.event("api.finish_upload", target_of(upload), "", "becomes " + full);
    return {};
  }));
  co_return object_response(202, task, 0);
}

Async<Result<http::Response>> delete_upload(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Upload>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    TRY_VOID(check_idle(kept->object));
    change.erase<model::Upload>(context.name());
    change.event("api.delete_upload", target_of(kept->object), "", "delete");
    return {};
  }));
  co_return http::no_content();
}

}  // namespace

Result<std::string> library_host(const Rooms& rooms) {
  const auto& inventory = rooms.ledger.inventory();
  auto pool = inventory.find<model::Pool>(library_pool);
  if (pool && pool->object.places.empty() && !pool->object.host.empty()) return pool->object.host;
  auto usual = usual_host(inventory, rooms.settings.host);
  auto has = [&](const auto& place) { return place.host == usual; };
  if (pool && std::ranges::any_of(pool->object.places, has)) return usual;
  if (pool && !pool->object.places.empty()) return pool->object.places.front().host;
  return fail(Code::unavailable, "the host that keeps templates has not reported yet: try again");
}

void end_upload_job(const Inventory& inventory, Change& change, const model::Job& job,
                    const model::JobReport& report) {
  if (job.kind != model::JobKind::import_upload) return;
  auto kept = inventory.find<model::Upload>(job.source);
  if (!kept) return;
  if (!report.cancelled && report.error.empty()) {
    change.erase<model::Upload>(job.source);
    return;
  }
  auto upload = kept->object;
  upload.task.clear();
  upload.problem = report.error;
  upload.expires = std::max(upload.expires, now() + 1h);  // time to look at it
  change.put(upload);
}

Async<void> remove_expired_uploads(Ledger& ledger) {
  while (true) {
    auto done = co_await ledger.change({}, [&](Change& change) -> Result<void> {
      for (const auto& [name, kept] : ledger.inventory().all<model::Upload>()) {
        const auto& upload = kept->object;
        if (!upload.task.empty() || upload.expires > now()) continue;
        change.erase<model::Upload>(name);
        change.event("upload.expired", target_of(upload), "",
                     fmt::format("{} of {} bytes for {} had arrived", upload.received.count,
                                 upload.size.count, upload.template_));
      }
      return {};
    });
    if (!done) spdlog::warn("expired uploads: {}", done.error().message);
    co_await sleep_for(5s);
  }
}

void add_upload_handlers(Handlers& handlers) {
  using model::Operation;
  auto busy = std::make_shared<Busy>();
  handlers.on(Operation::create_upload, create_upload);
  handlers.on(Operation::put_upload_content, [busy](Rooms& rooms, const Context& context) {
    return put_content(rooms, context, busy);
  });
  handlers.on(Operation::finish_upload, finish_upload);
  handlers.on(Operation::delete_upload, delete_upload);
}

}  // namespace truce::manager
