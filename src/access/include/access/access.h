#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/model.h"
#include "model/operations.h"

namespace truce::access {

/// Who is asking. Without a role the caller is not known.
struct Caller {
  std::string name;
  std::optional<model::Role> role;
  std::vector<std::string> projects;  ///< only these; empty: all
  std::string session = {};           ///< by which session of a user; empty: in another way
};

/// Whether the caller's role covers the permission, whatever the object. Code::unauthenticated when
/// the caller is not known, Code::forbidden otherwise.
Result<void> allow(const Caller& caller, model::Permission permission);

/// Whether the caller may touch objects of a project at all.
bool sees(const Caller& caller, std::string_view project);

/// Code::forbidden unless sees(): for changes, where hiding would only confuse.
Result<void> allow_project(const Caller& caller, std::string_view project);

/// Whether the caller is an admin of everything: one limited to projects never is.
bool unlimited(const Caller& caller);

}  // namespace truce::access
