// The contract of Pool, as tests that every implementation passes. A fixture type gives
// `Pool& pool()`, `std::filesystem::path recipe()` (one that makes a template with a disk) and
// `void damage(std::filesystem::path)`, which changes a file of a template, and `std::string
// why_not()`, not empty where this machine cannot have such a pool.
#pragma once

#include <gtest/gtest.h>

#include <fstream>

#include "run.h"
#include "storage/pool.h"

namespace truce::storage {

template <class Fixture>
class PoolConformance : public testing::Test {
 protected:
  void SetUp() override {
    if (auto why = fixture_.why_not(); !why.empty()) GTEST_SKIP() << why;
  }
  Pool& pool() { return fixture_.pool(); }
  TemplateContent build(const std::string& name) {
    auto content = run_to_end(pool().build_template(name, fixture_.recipe(), {}));
    EXPECT_TRUE(content) << content.error().message;
    return content.value_or(TemplateContent{});
  }
  Fixture fixture_;
};

TYPED_TEST_SUITE_P(PoolConformance);

TYPED_TEST_P(PoolConformance, a_disk_that_was_made_is_found_and_made_only_once) {
  EXPECT_EQ(run_to_end(this->pool().disk("vm1/disk0")).error().code, Code::not_found);
  auto made = run_to_end(this->pool().create_disk("vm1/disk0", mib(64)));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->format, "qcow2");
  EXPECT_TRUE(made->backing.empty());
  EXPECT_TRUE(std::filesystem::exists(made->path));
  auto again = run_to_end(this->pool().create_disk("vm1/disk0", mib(64)));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->path, made->path);
  EXPECT_EQ(run_to_end(this->pool().disk("vm1/disk0"))->path, made->path);
}

TYPED_TEST_P(PoolConformance, a_disk_grows_and_is_never_shrunk) {
  EXPECT_EQ(run_to_end(this->pool().grow_disk("vm1/disk0", mib(64))).error().code, Code::not_found);
  ASSERT_TRUE(run_to_end(this->pool().create_disk("vm1/disk0", mib(64))));
  auto grown = run_to_end(this->pool().grow_disk("vm1/disk0", mib(100)));
  ASSERT_TRUE(grown) << grown.error().message;
  EXPECT_EQ(run_to_end(this->pool().capacity())->allocated, mib(100));
  EXPECT_TRUE(run_to_end(this->pool().grow_disk("vm1/disk0", mib(100)))) << "as large as it is";
  EXPECT_EQ(run_to_end(this->pool().grow_disk("vm1/disk0", mib(99))).error().code, Code::invalid);
  EXPECT_EQ(run_to_end(this->pool().capacity())->allocated, mib(100));
}

TYPED_TEST_P(PoolConformance, a_disk_is_deleted_and_its_neighbours_stay) {
  ASSERT_TRUE(run_to_end(this->pool().create_disk("vm1/disk0", mib(64))));
  ASSERT_TRUE(run_to_end(this->pool().create_disk("vm1/disk1", mib(32))));
  EXPECT_TRUE(run_to_end(this->pool().delete_disk("vm1/disk1")));
  EXPECT_TRUE(run_to_end(this->pool().delete_disk("vm1/disk1"))) << "absent is success";
  EXPECT_EQ(run_to_end(this->pool().disk("vm1/disk1")).error().code, Code::not_found);
  EXPECT_TRUE(run_to_end(this->pool().disk("vm1/disk0")));
  EXPECT_EQ(run_to_end(this->pool().capacity())->allocated, mib(64));
}

TYPED_TEST_P(PoolConformance, names_that_lead_out_of_the_pool_are_refused) {
  for (const auto* id :
       {"", "disk0", "../disk0", "vm1/../../x", "/etc/passwd", "vm1/a/b", "vm1/"}) {
    EXPECT_EQ(run_to_end(this->pool().create_disk(id, mib(1))).error().code, Code::invalid) << id;
  }
  for (const auto* name : {"", "..", "../x", "a/b", "a@", "a@b", ".hidden", "@1"}) {
    EXPECT_EQ(run_to_end(this->pool().template_content(name)).error().code, Code::invalid) << name;
  }
  EXPECT_EQ(this->pool().vm_folder("../x").error().code, Code::invalid);
  EXPECT_EQ(run_to_end(this->pool().delete_vm("..")).error().code, Code::invalid);
}

TYPED_TEST_P(PoolConformance, what_is_allocated_is_the_sum_of_the_disks_as_guests_see_them) {
  ASSERT_TRUE(run_to_end(this->pool().create_disk("vm1/disk0", mib(64))));
  ASSERT_TRUE(run_to_end(this->pool().create_disk("vm2/disk0", mib(36))));
  EXPECT_EQ(run_to_end(this->pool().capacity())->allocated, mib(100));
  ASSERT_TRUE(run_to_end(this->pool().delete_vm("vm2")));
  EXPECT_EQ(run_to_end(this->pool().capacity())->allocated, mib(64));
}

TYPED_TEST_P(PoolConformance, the_folders_of_machines_are_listed_until_they_are_deleted) {
  ASSERT_TRUE(run_to_end(this->pool().create_disk("vm2/disk0", mib(1))));
  auto folder = this->pool().vm_folder("vm1");
  ASSERT_TRUE(folder);
  EXPECT_TRUE(std::filesystem::is_directory(*folder));
  EXPECT_EQ(*this->pool().vm_folders(), (std::vector<std::string>{"vm1", "vm2"}));
  EXPECT_TRUE(run_to_end(this->pool().delete_vm("vm2")));
  EXPECT_TRUE(run_to_end(this->pool().delete_vm("vm2"))) << "absent is success";
  EXPECT_EQ(*this->pool().vm_folders(), std::vector<std::string>{"vm1"});
  EXPECT_EQ(run_to_end(this->pool().disk("vm2/disk0")).error().code, Code::not_found);
}

TYPED_TEST_P(PoolConformance, a_linked_clone_has_its_template_below_it_and_keeps_it_from_deletion) {
  auto content = this->build("base@1");
  auto clone =
      run_to_end(this->pool().clone_disk("vm1/disk0", "base@1", {0}, CloneKind::linked, {}));
  ASSERT_TRUE(clone) << clone.error().message;
  ASSERT_EQ(clone->backing.size(), 1U);
  EXPECT_EQ(clone->backing[0], this->pool().template_folder("base@1") / content.disk);
  auto refused = run_to_end(this->pool().delete_template("base@1"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::precondition);
  EXPECT_NE(refused.error().message.find("vm1/disk0"), std::string::npos)
      << refused.error().message;
  EXPECT_TRUE(run_to_end(this->pool().delete_vm("vm1")));
  EXPECT_TRUE(run_to_end(this->pool().delete_template("base@1")));
  EXPECT_TRUE(run_to_end(this->pool().delete_template("base@1"))) << "absent is success";
  EXPECT_EQ(run_to_end(this->pool().template_content("base@1")).error().code, Code::not_found);
  EXPECT_FALSE(std::filesystem::exists(this->pool().template_folder("base@1")));
}

TYPED_TEST_P(PoolConformance, a_twin_is_as_large_as_its_disk_and_stands_on_the_same_file) {
  this->build("debian@1");
  auto disk =
      run_to_end(this->pool().clone_disk("vm1/disk0", "debian@1", gib(3), CloneKind::linked, {}));
  ASSERT_TRUE(disk) << disk.error().message;
  for (int i = 0; i < 2; ++i) {  // also in the place of an earlier one
    auto twin = run_to_end(this->pool().make_twin("vm2/disk0", *disk));
    ASSERT_TRUE(twin) << twin.error().message;
    EXPECT_NE(twin->path, disk->path);
    EXPECT_EQ(twin->backing, disk->backing);
    auto found = run_to_end(this->pool().disk("vm2/disk0"));
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->path, twin->path);
    EXPECT_EQ(found->backing, disk->backing);
    EXPECT_EQ(run_to_end(this->pool().capacity())->allocated, gib(6));
  }
  EXPECT_EQ(run_to_end(this->pool().make_twin("../disk0", *disk)).error().code, Code::invalid);
}

TYPED_TEST_P(PoolConformance, a_disk_is_taken_in_from_a_file_of_another_host) {
  this->build("base@1");
  for (auto kind : {CloneKind::linked, CloneKind::full}) {
    auto made = run_to_end(this->pool().clone_disk("vm1/disk0", "base@1", gib(3), kind, {}));
    ASSERT_TRUE(made) << made.error().message;
    auto folder = this->pool().vm_folder("vm2");
    ASSERT_TRUE(folder);
    auto file = *folder / ".new-in";
    std::filesystem::copy_file(made->path, file);
    auto on = kind == CloneKind::linked ? "base@1" : "";
    auto taken = run_to_end(this->pool().take_in("vm2/disk0", file, on));
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_EQ(taken->backing, made->backing);
    EXPECT_FALSE(std::filesystem::exists(file));
    auto found = run_to_end(this->pool().disk("vm2/disk0"));
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->path, taken->path);
    ASSERT_TRUE(run_to_end(this->pool().delete_disk("vm1/disk0")));
  }
  auto folder = this->pool().vm_folder("vm2");
  std::ofstream(*folder / ".new-in") << "no disk";
  EXPECT_EQ(run_to_end(this->pool().take_in("vm2/disk0", *folder / ".new-in", "")).error().code,
            Code::corrupt);
  EXPECT_EQ(run_to_end(this->pool().take_in("../disk0", *folder / ".new-in", "")).error().code,
            Code::invalid);
}

TYPED_TEST_P(PoolConformance, a_full_clone_stands_alone) {
  this->build("base@1");
  auto clone = run_to_end(this->pool().clone_disk("vm1/disk0", "base@1", {0}, CloneKind::full, {}));
  ASSERT_TRUE(clone) << clone.error().message;
  EXPECT_TRUE(clone->backing.empty());
  EXPECT_TRUE(run_to_end(this->pool().delete_template("base@1")));
  EXPECT_TRUE(run_to_end(this->pool().disk("vm1/disk0")));
}

TYPED_TEST_P(PoolConformance, a_clone_may_be_larger_than_its_template_but_not_smaller) {
  auto content = this->build("base@1");
  auto smaller = run_to_end(this->pool().clone_disk(
      "vm1/disk0", "base@1", {content.disk_size.count - 512}, CloneKind::linked, {}));
  EXPECT_EQ(smaller.error().code, Code::invalid);
  auto larger = content.disk_size + mib(1);
  for (auto [id, kind] :
       {std::pair("vm1/disk0", CloneKind::linked), {"vm2/disk0", CloneKind::full}}) {
    ASSERT_TRUE(run_to_end(this->pool().clone_disk(id, "base@1", larger, kind, {})));
  }
  EXPECT_EQ(run_to_end(this->pool().capacity())->allocated, larger + larger);
}

TYPED_TEST_P(PoolConformance, a_clone_of_no_template_is_refused) {
  auto clone = run_to_end(this->pool().clone_disk("vm1/disk0", "none", {0}, CloneKind::linked, {}));
  EXPECT_EQ(clone.error().code, Code::not_found);
}

TYPED_TEST_P(PoolConformance, a_template_is_built_once_and_stays_what_it_is) {
  auto first = this->build("base@1");
  EXPECT_FALSE(first.disk.empty());
  EXPECT_GT(first.disk_size.count, 0U);
  ASSERT_FALSE(first.files.empty());
  auto again = this->build("base@1");
  EXPECT_EQ(again.files[0].sha256, first.files[0].sha256);
  auto read = run_to_end(this->pool().template_content("base@1"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->disk, first.disk);
  EXPECT_EQ(read->disk_size, first.disk_size);
  EXPECT_EQ(read->cloud_init, first.cloud_init);
}

TYPED_TEST_P(PoolConformance, a_program_that_is_not_there_is_no_recipe) {
  auto built = run_to_end(this->pool().build_template("base@1", "/nonexistent/recipe", {}));
  EXPECT_EQ(built.error().code, Code::invalid);
  EXPECT_EQ(run_to_end(this->pool().template_content("base@1")).error().code, Code::not_found);
}

TYPED_TEST_P(PoolConformance, a_file_that_changed_is_found_and_named) {
  auto content = this->build("base@1");
  EXPECT_TRUE(run_to_end(this->pool().verify_template("base@1")));
  this->fixture_.damage(this->pool().template_folder("base@1") / content.disk);
  auto verified = run_to_end(this->pool().verify_template("base@1"));
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, Code::corrupt);
  EXPECT_NE(verified.error().message.find(content.disk), std::string::npos);
}

REGISTER_TYPED_TEST_SUITE_P(
    PoolConformance, a_disk_that_was_made_is_found_and_made_only_once,
    a_disk_grows_and_is_never_shrunk, a_disk_is_deleted_and_its_neighbours_stay,
    names_that_lead_out_of_the_pool_are_refused,
    what_is_allocated_is_the_sum_of_the_disks_as_guests_see_them,
    the_folders_of_machines_are_listed_until_they_are_deleted,
    a_linked_clone_has_its_template_below_it_and_keeps_it_from_deletion,
    a_twin_is_as_large_as_its_disk_and_stands_on_the_same_file,
    a_disk_is_taken_in_from_a_file_of_another_host, a_full_clone_stands_alone,
    a_clone_may_be_larger_than_its_template_but_not_smaller, a_clone_of_no_template_is_refused,
    a_template_is_built_once_and_stays_what_it_is, a_program_that_is_not_there_is_no_recipe,
    a_file_that_changed_is_found_and_named);

}  // namespace truce::storage
