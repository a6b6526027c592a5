#include "http/pages.h"

#include "base/file.h"
#include "base/random.h"
#include "message.h"

namespace truce::http {
namespace {

namespace fs = std::filesystem;

// Scripts come from here only and none stands in the page; the terminal makes style sheets of
// its own.
constexpr std::string_view content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: "
    "blob:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
    "'none'";

std::string_view type_of(std::string_view extension) {
  static constexpr std::pair<std::string_view, std::string_view> types[]{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"},
  };
  const auto* found =
      std::ranges::find(types, extension, &std::pair<std::string_view, std::string_view>::first);
  return found == std::end(types) ? "application/octet-stream" : found->second;
}

}  // namespace

Result<Pages> Pages::load(const fs::path& folder) {
  Pages pages;
  std::error_code ec;
  if (!fs::exists(folder / "index.html", ec))
    return fail(Code::not_found,
                "{} holds no web page: build it with 'npm ci && npm run build' in web/",
                folder.string());
  Bytes room = size_limit;
  std::map<std::string, std::string> packed;
  for (fs::recursive_directory_iterator at(folder, ec), end; !ec && at != end; at.increment(ec)) {
    if (!at->is_regular_file(ec)) continue;
    TRY(auto content, read_file(at->path(), room));
    room.count -= content.size();
    auto path = "/" + at->path().lexically_relative(folder).generic_string();
    if (at->path().extension() == ".gz") {
      packed[path.substr(0, path.size() - 3)] = std::move(content);
      continue;
    }
    auto tag = fmt::format("\"{}\"", sha256_hex(content).substr(0, 32));
    pages.files_[path] = {.content = std::move(content),
                          .gzip = {},
                          .type = std::string(type_of(at->path().extension().string())),
                          .tag = std::move(tag),
                          .lasting = path.starts_with("/assets/")};
  }
  if (ec) return fail(Code::io, "{}: {}", folder.string(), ec.message());
  for (auto& [path, content] : packed) {
    auto plain = pages.files_.find(path);
    if (plain != pages.files_.end()) plain->second.gzip = std::move(content);
  }
  return pages;
}

const Pages::File* Pages::find(const Request& request) const {
  auto found = files_.find(request.path);
  if (found != files_.end()) return &found->second;
  bool wants_page = field_of(request, "accept").contains("text/html");
  return request.path == "/" || wants_page ? &files_.find("/index.html")->second : nullptr;
}

Response Pages::answer(const Request& request) const {
  if (request.method != "GET" && request.method != "HEAD") {
    auto refused = problem(405, {Code::unsupported, "pages are only read", {}});
    refused.headers["Allow"] = "GET, HEAD";
    return refused;
  }
  const auto* file = find(request);
  if (file == nullptr)
    return problem({Code::not_found, fmt::format("there is no '{}'", request.path), {}});
  Response response;
  response.content_type = file->type;
  response.headers = {
      {"ETag", file->tag},
      {"Cache-Control", file->lasting ? "public, max-age=31536000, immutable" : "no-cache"},
      {"Vary", "Accept-Encoding"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Content-Security-Policy", std::string(content_policy)}};
  if (field_of(request, "if-none-match") == file->tag) {
    response.status = 304;
    return response;
  }
  bool gzip = !file->gzip.empty() && field_of(request, "accept-encoding").contains("gzip");
  if (gzip) response.headers["Content-Encoding"] = "gzip";
  response.body = gzip ? file->gzip : file->content;
  return response;
}

}  // namespace truce::http
