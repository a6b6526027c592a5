#include "manifest.h"

#include <boost/json.hpp>

#include "base/file.h"

namespace truce::storage {

namespace json = boost::json;

namespace {

Result<std::string> text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->is_string()) return fail(Code::invalid, "manifest.json: '{}' is not a string", key);
  return std::string(value->get_string());
}

Result<std::string> file_of(const json::object& object, std::string_view key) {
  TRY(auto name, text_of(object, key));
  if (name.contains('/') || name.starts_with('.') || name.size() > 100) {
    return fail(Code::invalid, "manifest.json: '{}' of '{}' is not a plain file name", name, key);
  }
  return name;
}

Result<bool> flag_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return false;
  if (!value->is_bool())
    return fail(Code::invalid, "manifest.json: '{}' is not true or false", key);
  return value->get_bool();
}

Result<Bytes> size_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return Bytes{0};
  boost::system::error_code ec;
  auto number = value->to_number<std::uint64_t>(ec);
  if (ec) return fail(Code::invalid, "manifest.json: '{}' is not a number of bytes", key);
  return Bytes{number};
}

Result<TemplateFile> template_file(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr)
    return fail(Code::invalid, "manifest.json: an entry of 'files' is no object");
  TemplateFile file;
  TRY(file.name, file_of(*object, "name"));
  TRY(file.size, size_of(*object, "size"));
  TRY(file.sha256, text_of(*object, "sha256"));
  return file;
}

}  // namespace

Result<TemplateContent> parse_manifest(std::string_view text) {
  boost::system::error_code ec;
  auto value = json::parse(text, ec);
  if (ec) return fail(Code::invalid, "manifest.json: {}", ec.message());
  if (!value.is_object()) return fail(Code::invalid, "manifest.json: not an object");
  const auto& object = value.get_object();
  TemplateContent content;
  TRY(content.disk, file_of(object, "disk"));
  TRY(content.kernel, file_of(object, "kernel"));
  TRY(content.initrd, file_of(object, "initrd"));
  TRY(content.iso, file_of(object, "iso"));
  TRY(content.command_line, text_of(object, "command_line"));
  TRY(content.disk_size, size_of(object, "disk_size"));
  TRY(content.cloud_init, flag_of(object, "cloud_init"));
  TRY(content.guest_agent, flag_of(object, "guest_agent"));
  if (const auto* files = object.if_contains("files"); files != nullptr) {
    if (!files->is_array()) return fail(Code::invalid, "manifest.json: 'files' is not a list");
    for (const auto& entry : files->get_array()) {
      TRY(auto file, template_file(entry));
      content.files.push_back(std::move(file));
    }
  }
  if (content.disk.empty() && content.kernel.empty() && content.iso.empty()) {
    return fail(Code::invalid, "manifest.json: names no disk, kernel or iso");
  }
  return content;
}

std::string format_manifest(const TemplateContent& content) {
  json::array files;
  for (const auto& file : content.files) {
    files.push_back({{"name", file.name}, {"size", file.size.count}, {"sha256", file.sha256}});
  }
  json::object object{{"disk", content.disk},
                      {"kernel", content.kernel},
                      {"initrd", content.initrd},
                      {"iso", content.iso},
                      {"command_line", content.command_line},
                      {"disk_size", content.disk_size.count},
                      {"cloud_init", content.cloud_init},
                      {"guest_agent", content.guest_agent},
                      {"files", std::move(files)}};
  return json::serialize(object) + "\n";
}

Result<TemplateContent> read_manifest(const std::filesystem::path& folder) {
  TRY(auto text, read_file(folder / manifest_name, mib(1)));
  auto content = parse_manifest(text);
  if (!content) return std::unexpected(std::move(content).error().within(folder.string()));
  return content;
}

}  // namespace truce::storage
