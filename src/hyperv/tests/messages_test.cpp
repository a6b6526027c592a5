// What is said to WinRM and what it answers, byte by byte. The answers have the form of those that
// Windows Server has been seen to give.
#include <gtest/gtest.h>

#include "wsman.h"

namespace truce::hyperv {
namespace {

constexpr std::string_view scope = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/";

std::string answer(std::string_view body) {
  return fmt::format(
      R"(<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope" )"
      R"(xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" )"
      R"(xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration" )"
      R"(xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" )"
      R"(xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">)"
      R"(<s:Header><a:RelatesTo>uuid:1</a:RelatesTo></s:Header><s:Body>{}</s:Body></s:Envelope>)",
      body);
}

std::string fault(std::string_view subcode, std::string_view detail) {
  return answer(fmt::format(
      "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{}</s:Value></s:Subcode>"
      "</s:Code><s:Reason><s:Text xml:lang=\"\">It went\r\nwrong. </s:Text></s:Reason>"
      "<s:Detail>{}</s:Detail></s:Fault>",
      subcode, detail));
}

Page page_of(std::string_view text) {
  auto reply = Reply::read(text);
  EXPECT_TRUE(reply) << reply.error().message;
  auto page = read_page(*reply);
  EXPECT_TRUE(page) << page.error().message;
  return page.value_or(Page{});
}

TEST(Message, a_query_is_an_enumeration_with_a_filter) {
  auto text = envelope(enumerate(virtualization, "SELECT Name FROM X WHERE A < 'b'"),
                       "https://hv1:5986/wsman", "0a");
  EXPECT_EQ(
      text,
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
      "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "
      "xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" "
      "xmlns:n=\"http://schemas.xmlsoap.org/ws/2004/09/enumeration\" "
      "xmlns:w=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\"><s:Header>"
      "<a:To>https://hv1:5986/wsman</a:To>"
      "<w:ResourceURI s:mustUnderstand=\"true\">"
      "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/*</w:ResourceURI>"
      "<a:ReplyTo><a:Address s:mustUnderstand=\"true\">"
      "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>"
      "<a:Action s:mustUnderstand=\"true\">"
      "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate</a:Action>"
      "<w:MaxEnvelopeSize s:mustUnderstand=\"true\">153600</w:MaxEnvelopeSize>"
      "<a:MessageID>uuid:0a</a:MessageID>"
      "<w:Locale xml:lang=\"en-US\" s:mustUnderstand=\"false\"/>"
      "<w:OperationTimeout>PT60.000S</w:OperationTimeout></s:Header><s:Body>"
      "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>1000</w:MaxElements>"
      "<w:Filter Dialect=\"http://schemas.microsoft.com/wbem/wsman/1/WQL\">"
      "SELECT Name FROM X WHERE A &lt; 'b'</w:Filter></n:Enumerate></s:Body></s:Envelope>");
}

TEST(Message, a_method_is_its_class_and_what_it_is_given) {
  Reference machine{"Msvm_ComputerSystem",
                    {{"CreationClassName", "Msvm_ComputerSystem"}, {"Name", "A&B"}}};
  auto message =
      invoke(virtualization, machine, "RequestStateChange", {number("RequestedState", 2)});
  auto resource = std::string(scope) + "virtualization/v2/Msvm_ComputerSystem";
  EXPECT_EQ(message.action, resource + "/RequestStateChange");
  EXPECT_EQ(message.resource, resource);
  EXPECT_EQ(message.body, "<p:RequestStateChange_INPUT xmlns:p=\"" + resource +
                              "\"><p:RequestedState>2</p:RequestedState>"
                              "</p:RequestStateChange_INPUT>");
  auto text = envelope(message, "https://hv1:5986/wsman", "0b");
  EXPECT_TRUE(
      text.contains("<w:SelectorSet>"
                    "<w:Selector Name=\"CreationClassName\">Msvm_ComputerSystem</w:Selector>"
                    "<w:Selector Name=\"Name\">A&amp;B</w:Selector></w:SelectorSet>"))
      << text;
}

TEST(Message, references_and_instances_stand_in_parameters) {
  Reference machine{"Msvm_ComputerSystem", {{"Name", "A"}}};
  EXPECT_EQ(reference("AffectedSystem", virtualization, machine).xml,
            "<a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address>"
            "<a:ReferenceParameters><w:ResourceURI>" +
                std::string(scope) +
                "virtualization/v2/Msvm_ComputerSystem</w:ResourceURI>"
                "<w:SelectorSet><w:Selector Name=\"Name\">A</w:Selector></w:SelectorSet>"
                "</a:ReferenceParameters>");
  auto instance = to_text(
      "Msvm_VirtualSystemSettingData",
      {{"ElementName", "string", {"a <b> & \"c\"]]>"}}, {"Notes", "string", {"one\ntwo"}, true}});
  EXPECT_EQ(instance,
            "<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSettingData\">"
            "<PROPERTY NAME=\"ElementName\" TYPE=\"string\">"
            "<VALUE>a &#60;b&#62; &#38; &#34;c&#34;]]&#62;</VALUE></PROPERTY>"
            "<PROPERTY.ARRAY NAME=\"Notes\" TYPE=\"string\">"
            "<VALUE.ARRAY><VALUE>one\ntwo</VALUE></VALUE.ARRAY></PROPERTY.ARRAY></INSTANCE>");
  EXPECT_EQ(embedded("SystemSettings", instance).xml, "<![CDATA[" + instance + "]]>");
  auto read = read_embedded(instance);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text("ElementName"), "a <b> & \"c\"]]>");
  EXPECT_EQ(read->texts("Notes"), (std::vector<std::string>{"one\ntwo"}));
}

TEST(Answer, rows_of_a_query_have_no_class_and_no_prefixes) {
  auto page = page_of(
      answer("<n:EnumerateResponse><n:EnumerationContext/><w:Items><w:XmlFragment><Name>C:\\</Name>"
             "<Label xsi:nil=\"true\"/><Capacity>64</Capacity><Flag>true</Flag>"
             "<When><Datetime>2026-01-02T03:04:05.123456Z</Datetime></When>"
             "<Role>a</Role><Role>b</Role></w:XmlFragment></w:Items><w:EndOfSequence/>"
             "</n:EnumerateResponse>"));
  ASSERT_EQ(page.items.size(), 1U);
  EXPECT_TRUE(page.context.empty());
  const auto& row = page.items[0];
  EXPECT_EQ(row.text("Name"), "C:\\");
  EXPECT_TRUE(row.texts("Label").empty());
  EXPECT_EQ(row.bytes("Capacity", 1 << 20), mib(64));
  EXPECT_TRUE(row.flag("Flag"));
  EXPECT_EQ(to_string(row.time("When")), "2026-01-02T03:04:05.000Z");
  EXPECT_EQ(row.texts("Role"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(row.text("None"), "");
}

TEST(Answer, instances_hold_references) {
  auto page = page_of(answer(fmt::format(
      "<n:PullResponse><n:EnumerationContext>uuid:7</n:EnumerationContext><n:Items>"
      "<p:Msvm_AffectedJobElement xmlns:p=\"x\"><p:AffectedElement><a:Address>y</a:Address>"
      "<a:ReferenceParameters><w:ResourceURI>{}virtualization/v2/Msvm_ComputerSystem"
      "</w:ResourceURI><w:SelectorSet><w:Selector Name=\"Name\">A</w:Selector></w:SelectorSet>"
      "</a:ReferenceParameters></p:AffectedElement></p:Msvm_AffectedJobElement></n:Items>"
      "</n:PullResponse>",
      scope)));
  EXPECT_EQ(page.context, "uuid:7");
  ASSERT_EQ(page.items.size(), 1U);
  EXPECT_EQ(page.items[0].class_name(), "Msvm_AffectedJobElement");
  EXPECT_EQ(page.items[0].reference("AffectedElement"),
            (Reference{"Msvm_ComputerSystem", {{"Name", "A"}}}));
  EXPECT_FALSE(page.items[0].reference("AffectingElement"));
}

TEST(Answer, what_is_none_is_told) {
  auto code = [](std::string_view text) {
    auto read = Reply::read(text);
    return read ? Code::internal : read.error().code;
  };
  EXPECT_EQ(code("<html>no</html>"), Code::corrupt);
  EXPECT_EQ(code("<!DOCTYPE x [<!ENTITY y 'z'>]>" + answer("<a/>")), Code::corrupt);
  EXPECT_EQ(code(answer("<a/>").substr(0, 300)), Code::corrupt);
  auto endless = Reply::read(answer("<n:PullResponse><n:Items/></n:PullResponse>"));
  ASSERT_TRUE(endless);
  EXPECT_EQ(read_page(*endless).error().code, Code::corrupt);
  auto other = Reply::read(answer("<x/>"));
  ASSERT_TRUE(other);
  EXPECT_FALSE(read_page(*other));
}

TEST(Fault, is_an_error_that_one_can_act_on) {
  constexpr std::string_view f =
      "<f:WSManFault xmlns:f=\"http://schemas.microsoft.com/wbem/wsman/1/wsmanfault\" Code=\"{}\">"
      "<f:Message>{}</f:Message></f:WSManFault>";
  auto told = [&](std::string_view subcode, std::string_view code, std::string_view inner = "") {
    auto read = Reply::read(fault(subcode, fmt::format(fmt::runtime(f), code, inner)));
    EXPECT_FALSE(read);
    return read.error();
  };
  EXPECT_EQ(told("a:DestinationUnreachable", "2150858752").code, Code::not_found);
  EXPECT_EQ(told("w:InvalidSelectors", "0").code, Code::not_found);
  EXPECT_EQ(told("w:AccessDenied", "5").code, Code::forbidden);
  EXPECT_EQ(told("w:TimedOut", "2150858793").code, Code::timeout);
  EXPECT_EQ(told("w:InternalError", "2150859174").code, Code::limit);
  EXPECT_EQ(told("x:Other", "17").code, Code::io);
  EXPECT_EQ(told("w:InternalError", "995").message, "It went wrong. [0x3e3]");
  // The provider's own number is the inner one.
  auto inner = "<f:ProviderFault>" + fmt::format(fmt::runtime(f), "2147749904", "no class") +
               "</f:ProviderFault>";
  EXPECT_EQ(told("w:InternalError", "2150859000", inner).code, Code::unsupported);
  auto wmi = Reply::read(fault(
      "w:InternalError",
      "<p:MSFT_WmiError xmlns:p=\"x\"><p:CIMStatusCode>6</p:CIMStatusCode><p:Message>Not there"
      "</p:Message></p:MSFT_WmiError>"));
  ASSERT_FALSE(wmi);
  EXPECT_EQ(wmi.error().code, Code::not_found);
  EXPECT_EQ(wmi.error().message, "Not there");
}

TEST(Refusal, is_told_in_words) {
  EXPECT_EQ(refusal("RequestStateChange", 32775).code, Code::precondition);
  EXPECT_EQ(refusal("X", 5).code, Code::precondition);
  EXPECT_EQ(refusal("X", 99).message, "X: it answers 99 [99]");
  EXPECT_EQ(refusal("X", 32768, "no room").message, "X: no room [32768]");
}

TEST(Path, names_a_class_and_its_keys) {
  auto path = read_path(
      R"(\\HV1\root\virtualization\v2:Msvm_ResourceAllocationSettingData.InstanceID="Microsoft:A\\B\\0\\0\\D")");
  EXPECT_EQ(path, (Reference{"Msvm_ResourceAllocationSettingData",
                             {{"InstanceID", R"(Microsoft:A\B\0\0\D)"}}}));
  EXPECT_EQ(read_path(R"(root/virtualization/v2:X.A="1:2",B=3)"),
            (Reference{"X", {{"A", "1:2"}, {"B", "3"}}}));
  EXPECT_EQ(read_path(R"(\\.\root\virtualization\v2:X.A="1,\"2",B=3)"),
            (Reference{"X", {{"A", R"(1,"2)"}, {"B", "3"}}}));
  for (const auto* none : {"", "D:\\web01.vhdx", "X.", "X.A", "X.A=\"b", "X.A=\"b\"c", "\\\\HV1"})
    EXPECT_FALSE(read_path(none)) << none;
  EXPECT_EQ(
      to_path(path, "HV1", virtualization),
      R"(\\HV1\root\virtualization\v2:Msvm_ResourceAllocationSettingData.InstanceID="Microsoft:A\\B\\0\\0\\D")");
  Reference two{"X", {{"A", R"(1,"2)"}, {"B", ""}}};
  EXPECT_EQ(read_path(to_path(two, "HV1", virtualization)), two);
}

TEST(Moment, is_read_in_both_forms) {
  EXPECT_EQ(to_string(read_time("20260102030405.123456+060")), "2026-01-02T02:04:05.000Z");
  EXPECT_EQ(to_string(read_time("20260102030405.000000-000")), "2026-01-02T03:04:05.000Z");
  EXPECT_EQ(to_string(read_time("2026-01-02T03:04:05+01:30")), "2026-01-02T01:34:05.000Z");
  for (const auto* none :
       {"", "P0DT0H1M40S", "00000000003000.000000:000", "2026", "20261340000000"})
    EXPECT_EQ(read_time(none), Time{}) << none;
}

TEST(Query, texts_cannot_end_it) {
  EXPECT_EQ(quote_wql("it's \\ 'x"), R"('it\'s \\ \'x')");
  EXPECT_TRUE(is_guid("0f5c0a11-2b3c-4d5e-8f90-ABCDEF012345"));
  EXPECT_FALSE(is_guid("0f5c0a11-2b3c-4d5e-8f90-ABCDEF01234'"));
  EXPECT_FALSE(is_guid("0f5c0a11x2b3c-4d5e-8f90-ABCDEF012345"));
}

}  // namespace
}  // namespace truce::hyperv
