#include "soap.h"

#include <gtest/gtest.h>

namespace truce::vsphere {
namespace {

TEST(Soap, an_envelope_is_what_the_documents_show) {
  EXPECT_EQ(envelope({"Login",
                      {"SessionManager", "SessionManager"},
                      to_xml("userName", "a&b") + to_xml("password", "<\"\r\x01>")}),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
            "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" "
            "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" "
            "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body>"
            "<Login xmlns=\"urn:vim25\"><_this type=\"SessionManager\">SessionManager</_this>"
            "<userName>a&amp;b</userName><password>&lt;&quot;&#13;&gt;</password></Login>"
            "</soapenv:Body></soapenv:Envelope>");
}

TEST(Soap, an_answer_tells_what_it_returns) {
  auto answer = Answer::read(
      "<?xml version=\"1.0\"?><S:Envelope xmlns:S=\"s\"><S:Body><CurrentTimeResponse "
      "xmlns=\"urn:vim25\"><returnval>2026-12-01T08:25:28.218340386Z</returnval>"
      "</CurrentTimeResponse></S:Body></S:Envelope>");
  ASSERT_TRUE(answer);
  EXPECT_EQ(to_string(answer->returned().time()), "2026-12-01T08:25:28.218Z");
}

TEST(Soap, faults_are_errors_with_their_names) {
  auto answer = Answer::read(
      "<soapenv:Envelope xmlns:soapenv=\"s\" xmlns:xsi=\"x\"><soapenv:Body><soapenv:Fault>"
      "<faultcode>ServerFaultCode</faultcode><faultstring>The attempted operation cannot be "
      "performed in the current state (Powered on).</faultstring><detail>"
      "<InvalidPowerStateFault xmlns=\"urn:vim25\" xsi:type=\"InvalidPowerState\">"
      "<requestedState>poweredOn</requestedState></InvalidPowerStateFault></detail>"
      "</soapenv:Fault></soapenv:Body></soapenv:Envelope>");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::precondition);
  EXPECT_EQ(fault_of(answer.error()), "InvalidPowerState");
  EXPECT_EQ(fault_of(answer.error().within("PowerOnVM_Task")), "InvalidPowerState");
  EXPECT_EQ(fault_of(Error{Code::io, "no fault", {}}), "");
}

TEST(Soap, faults_that_are_not_known_are_told_as_they_are) {
  EXPECT_EQ(error_of("DuplicateName", "The name is taken.").code, Code::conflict);
  auto other = error_of("SomethingNew", "");
  EXPECT_EQ(other.code, Code::io);
  EXPECT_EQ(fault_of(other), "SomethingNew");
  EXPECT_LT(error_of("", std::string(5'000, 'x')).message.size(), 600U);
}

TEST(Soap, what_is_none_is_corrupt) {
  for (const auto* text : {"", "<html/>", "<Envelope/>", "<Envelope><Body/></Envelope>",
                           "<Envelope><Body><Other/></Body></Envelope>", "<a"}) {
    auto answer = Answer::read(text);
    ASSERT_FALSE(answer) << text;
    EXPECT_EQ(answer.error().code, Code::corrupt);
  }
}

TEST(Soap, an_update_has_its_operations) {
  auto update = read_object(
      "<objectSet><kind>modify</kind><obj type=\"VirtualMachine\">vm-1</obj>"
      "<changeSet><name>name</name><op>assign</op><val xsi:type=\"xsd:string\">a</val></changeSet>"
      "<changeSet><name>guest.net</name><op>remove</op></changeSet>"
      "<changeSet><name>snapshot.currentSnapshot</name><op>indirectRemove</op></changeSet>"
      "<changeSet><name>config.hardware.device[4]</name><op>add</op><val/></changeSet>"
      "</objectSet>");
  ASSERT_TRUE(update);
  using Op = ObjectUpdate::Change::Op;
  ASSERT_EQ(update->changes.size(), 4U);
  EXPECT_EQ(update->changes[0].op, Op::assign);
  EXPECT_EQ(update->changes[0].value.type(), "string");
  EXPECT_EQ(update->changes[1].op, Op::remove);
  EXPECT_EQ(update->changes[2].op, Op::remove);
  EXPECT_EQ(update->changes[3].op, Op::add);
  EXPECT_FALSE(read_object("<objectSet><kind>enter</kind></objectSet>"));
  EXPECT_FALSE(read_object("<objectSet><obj"));
}

TEST(Soap, names_have_three_escapes) {
  EXPECT_EQ(unescape_name("a%2fb%5Cc%25d%20e%"), "a/b\\c%d%20e%");
  EXPECT_EQ(escape_name("a/b\\c%2f"), "a%2fb%5cc%252f");
  EXPECT_EQ(unescape_name(escape_name("100%/\\%2f")), "100%/\\%2f");
}

TEST(Soap, times_have_zones_and_any_number_of_digits) {
  auto time = [](std::string text) {
    pugi::xml_document document;
    return to_string(parse(document, "<t>" + text + "</t>").time());
  };
  EXPECT_EQ(time("2026-12-01T08:25:28Z"), "2026-12-01T08:25:28.000Z");
  EXPECT_EQ(time("2026-12-01T08:25:28.5+02:00"), "2026-12-01T06:25:28.500Z");
  EXPECT_EQ(time("2026-12-01T08:25:28.123456-01:30"), "2026-12-01T09:55:28.123Z");
  EXPECT_EQ(time("nonsense"), to_string(Time{}));
}

TEST(Soap, numbers_that_are_none_are_nothing) {
  pugi::xml_document document;
  auto all = parse(document, "<a><b>-5</b><c>9999999999999999999</c><d>7x</d></a>");
  EXPECT_EQ(all["b"].bytes(), Bytes{});
  EXPECT_EQ(all["c"].number(), 0);
  EXPECT_EQ(all["d"].number(), 7);
  EXPECT_EQ(all["none"].number(), 0);
}

}  // namespace
}  // namespace truce::vsphere
