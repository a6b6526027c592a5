#include "access/access.h"

#include <gtest/gtest.h>

namespace truce::access {
namespace {

using model::Permission;
using model::Role;

TEST(Access, each_role_covers_its_own_permission_and_those_below) {
  struct Row {
    Role role;
    Permission permission;
    bool allowed;
  };
  const Row rows[] = {
      {Role::viewer, Permission::view, true},
      {Role::viewer, Permission::operate, false},
      {Role::viewer, Permission::administer, false},
      {Role::operator_, Permission::view, true},
      {Role::operator_, Permission::operate, true},
      {Role::operator_, Permission::administer, false},
      {Role::admin, Permission::view, true},
      {Role::admin, Permission::operate, true},
      {Role::admin, Permission::administer, true},
  };
  for (const auto& row : rows) {
    auto answer = allow({"eva", row.role, {}}, row.permission);
    EXPECT_EQ(answer.has_value(), row.allowed);
    if (!row.allowed) EXPECT_EQ(answer.error().code, Code::forbidden);
  }
}

TEST(Access, an_unknown_caller_may_only_do_what_needs_no_permission) {
  EXPECT_TRUE(allow({}, Permission::none));
  EXPECT_EQ(allow({}, Permission::view).error().code, Code::unauthenticated);
}

TEST(Access, an_admin_of_some_projects_does_not_administer_the_server) {
  Caller caller{"eva", Role::admin, {"shop"}};
  EXPECT_EQ(allow(caller, Permission::administer).error().code, Code::forbidden);
  EXPECT_TRUE(allow(caller, Permission::operate));
  EXPECT_FALSE(unlimited(caller));
}

TEST(Access, a_caller_sees_only_the_projects_named) {
  Caller caller{"eva", Role::operator_, {"shop"}};
  EXPECT_TRUE(sees(caller, "shop"));
  EXPECT_FALSE(sees(caller, "bank"));
  EXPECT_EQ(allow_project(caller, "bank").error().code, Code::forbidden);
  EXPECT_TRUE(sees({"root", Role::admin, {}}, "bank"));
}

}  // namespace
}  // namespace truce::access
