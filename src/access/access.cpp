#include "access/access.h"

#include <algorithm>

namespace truce::access {

using model::Permission;
using model::Role;

namespace {
Permission covered_by(Role role) {
  switch (role) {
    case Role::admin:
      return Permission::administer;
    case Role::operator_:
      return Permission::operate;
    case Role::viewer:
      return Permission::view;
  }
  return Permission::none;
}

std::string_view role_for(Permission permission) {
  switch (permission) {
    case Permission::administer:
      return "admin";
    case Permission::operate:
      return "operator";
    default:
      return "viewer";
  }
}
}  // namespace

Result<void> allow(const Caller& caller, Permission permission) {
  if (permission == Permission::none) return {};
  if (!caller.role) {
    return fail(Code::unauthenticated,
                "who you are is not known: sign in, or send a bearer token or a client "
                "certificate");
  }
  if (covered_by(*caller.role) < permission) {
    return fail(Code::forbidden, "'{}' has the role {}; this needs {}", caller.name,
                model::to_string(*caller.role), role_for(permission));
  }
  if (permission == Permission::administer && !caller.projects.empty()) {
    return fail(Code::forbidden, "'{}' is limited to projects; this concerns all of them",
                caller.name);
  }
  return {};
}

bool sees(const Caller& caller, std::string_view project) {
  return caller.projects.empty() ||
         std::ranges::find(caller.projects, project) != caller.projects.end();
}

Result<void> allow_project(const Caller& caller, std::string_view project) {
  if (sees(caller, project)) return {};
  return fail(Code::forbidden, "'{}' may not work in the project '{}'", caller.name, project);
}

bool unlimited(const Caller& caller) {
  return caller.role == Role::admin && caller.projects.empty();
}

}  // namespace truce::access
