// `manifest.json` of a template: what a recipe writes, and what a finished template says of itself.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/pool.h"

namespace truce::storage {

inline constexpr const char* manifest_name = "manifest.json";

/// Reads a manifest. Code::invalid names the field at fault; file names are plain names, never
/// paths.
Result<TemplateContent> parse_manifest(std::string_view text);
std::string format_manifest(const TemplateContent& content);

/// The manifest in `folder`; not_found when there is none.
Result<TemplateContent> read_manifest(const std::filesystem::path& folder);

}  // namespace truce::storage
