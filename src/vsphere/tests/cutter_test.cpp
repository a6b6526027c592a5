#include "cutter.h"

#include <gtest/gtest.h>

#include <vector>

namespace truce::vsphere {
namespace {

struct Cut {
  std::vector<std::string> elements;
  Result<std::string> rest = std::string();
};

Cut cut(std::string_view text, std::size_t piece, Bounds bounds = {}) {
  Cut done;
  Cutter cutter(
      "item",
      [&](std::string_view element) -> Result<void> {
        done.elements.emplace_back(element);
        return {};
      },
      bounds);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    if (auto fed = cutter.feed(text.substr(at, piece)); !fed) {
      done.rest = std::unexpected(fed.error());
      return done;
    }
  }
  done.rest = cutter.finish();
  return done;
}

constexpr std::string_view document =
    "<?xml version=\"1.0\"?><!-- <item> --><e:all xmlns:e=\"x>y\"><head a='>'/>"
    "<item n=\"1\"><item>inside</item></item> text <v:item/><item><![CDATA[</item>]]></item>"
    "<items/></e:all>";

TEST(Cutter, cuts_the_same_however_the_document_comes) {
  for (std::size_t piece : {1UL, 2UL, 3UL, 7UL, 1000UL}) {
    auto done = cut(document, piece);
    ASSERT_TRUE(done.rest) << done.rest.error().message;
    ASSERT_EQ(done.elements.size(), 3U) << piece;
    EXPECT_EQ(done.elements[0], "<item n=\"1\"><item>inside</item></item>");
    EXPECT_EQ(done.elements[1], "<v:item/>");
    EXPECT_EQ(done.elements[2], "<item><![CDATA[</item>]]></item>");
    EXPECT_EQ(*done.rest,
              "<?xml version=\"1.0\"?><!-- <item> --><e:all xmlns:e=\"x>y\"><head a='>'/> text "
              "<items/></e:all>");
  }
}

TEST(Cutter, a_document_that_ends_early_is_told) {
  for (std::size_t size = document.find("<e:all") + 1; size < document.size(); ++size)
    EXPECT_FALSE(cut(document.substr(0, size), 5).rest) << size;
}

TEST(Cutter, refuses_a_document_type) {
  EXPECT_EQ(cut("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", 4).rest.error().code, Code::corrupt);
}

TEST(Cutter, refuses_an_end_without_a_beginning) {
  EXPECT_EQ(cut("<a></a></b>", 4).rest.error().code, Code::corrupt);
}

TEST(Cutter, holds_every_bound) {
  auto code = [](std::string_view text, Bounds bounds) {
    auto done = cut(text, 3, bounds);
    return done.rest ? Code::internal : done.rest.error().code;
  };
  EXPECT_EQ(code("<a><item>0123456789</item></a>", {.element = 20}), Code::limit);
  EXPECT_EQ(code("<a><item>0123456789</item></a>", {.element = 30}), Code::internal);
  EXPECT_EQ(code("<a>0123456789</a>", {.rest = 10}), Code::limit);
  EXPECT_EQ(code("<a>0123456789</a>", {.all = 10}), Code::limit);
  EXPECT_EQ(code("<a b=\"0123456789\"/>", {.markup = 10}), Code::limit);
  EXPECT_EQ(code("<a><b><c/></b></a>", {.depth = 2}), Code::internal);
  EXPECT_EQ(code("<a><b><c></c></b></a>", {.depth = 2}), Code::limit);
  EXPECT_EQ(code("<a><item/><item/></a>", {.elements = 1}), Code::limit);
}

}  // namespace
}  // namespace truce::vsphere
