#include "../engine/chain_support.h"
#include "vmdk/descriptor.h"

namespace truce::image {
namespace {

const Format& vmdk_of_table() {
  return *find_format("vmdk");
}

std::string content_id(const Image& image) {
  for (const auto& [key, value] : image.description().details)
    if (key == vmdk::content_id_row) return value;
  return "";
}

TEST(VmdkLayer, only_the_lines_of_the_parent_change_in_a_descriptor) {
  std::string text =
      "# Disk DescriptorFile\nversion=1\nCID=0000000a\nparentCID = 0000000b\r\n"
      "createType=\"monolithicSparse\"\nparentFileNameHint=\"old.vmdk\"\n# kept\nddb.x = \"1\"\n";
  EXPECT_EQ(vmdk::with_parent(text, 0xc, "new.vmdk"),
            "# Disk DescriptorFile\nversion=1\nCID=0000000a\nparentCID=0000000c\n"
            "parentFileNameHint=\"new.vmdk\"\ncreateType=\"monolithicSparse\"\n# kept\n"
            "ddb.x = \"1\"\n");
  EXPECT_EQ(vmdk::with_parent(text, vmdk::Descriptor::no_parent, ""),
            "# Disk DescriptorFile\nversion=1\nCID=0000000a\nparentCID=ffffffff\n"
            "createType=\"monolithicSparse\"\n# kept\nddb.x = \"1\"\n");
}

TEST(VmdkLayer, a_parent_that_was_changed_is_refused_unless_its_child_was_moved_into_it) {
  for (auto identity : {Identity::renewed, Identity::kept}) {
    NamedMemory files;
    make_base(files, "base", vmdk_of_table(), sparse_content(3 << 20, 1));
    make_child(files, "child", "base", vmdk_of_table());
    auto before = content_id(*open_named(files, "base", vmdk_of_table()));
    auto options = following(files, true);
    options.identity = identity;
    auto base = open(files.files.at("base"), options, "vmdk").value();
    ASSERT_TRUE(base->writable()->write(0, Content(512, std::byte{1})));
    ASSERT_TRUE(base->writable()->close());
    bool kept = identity == Identity::kept;
    EXPECT_EQ(content_id(*base) == before, kept);
    EXPECT_EQ(open(files.files.at("child"), following(files), "vmdk").has_value(), kept);
  }
}

TEST(VmdkLayer, names_that_cannot_stand_in_a_descriptor_are_refused) {
  NamedMemory files;
  make_base(files, "base", vmdk_of_table(), Content(1 << 20));
  auto parent = parent_named(files, "base", vmdk_of_table());
  for (std::string name : {"a\"b", "a\nb", ""}) {
    parent.name = name;
    EXPECT_EQ(
        build(vmdk_of_table(), files.create("child").value(), {.size = 1 << 20, .parent = parent})
            .error()
            .code,
        Code::invalid);
  }
  parent.name = std::string(20000, 'x');
  make_child(files, "child", "base", vmdk_of_table());
  auto child = open_named(files, "child", vmdk_of_table(), true);
  EXPECT_EQ(child->layer()->stand_on(&parent).error().code, Code::limit);
}

}  // namespace
}  // namespace truce::image
