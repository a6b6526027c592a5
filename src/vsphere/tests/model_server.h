// A server of vim25 that says what a test wants: for what no real one does when asked.
#pragma once

#include <deque>

#include "../../http/tests/loopback.h"
#include "vsphere/vsphere.h"

namespace truce::vsphere {

inline http::Response soap(std::string_view method, std::string_view inside) {
  http::Response response;
  response.content_type = "text/xml; charset=utf-8";
  response.body = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soapenv:Envelope "
      "xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" "
      "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body>"
      "<{0}Response xmlns=\"urn:vim25\">{1}</{0}Response></soapenv:Body></soapenv:Envelope>",
      method, inside);
  return response;
}

inline http::Response soap_fault(std::string_view kind, std::string_view message) {
  http::Response response;
  response.status = 500;
  response.content_type = "text/xml; charset=utf-8";
  response.body = fmt::format(
      "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\">"
      "<soapenv:Body><soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>{1}"
      "</faultstring><detail><{0}Fault xmlns=\"urn:vim25\" "
      "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"{0}\"/></detail>"
      "</soapenv:Fault></soapenv:Body></soapenv:Envelope>",
      kind, message);
  return response;
}

/// The first `bytes` bytes of an answer; then the connection ends.
inline http::Response broken_off(http::Response whole, std::size_t bytes) {
  auto body = std::move(whole.body);
  whole.length = body.size();
  whole.stream = [part = body.substr(0, bytes)](http::BodyWriter& writer) -> Async<void> {
    (void)co_await writer.write(part);
    throw std::runtime_error("cut");
  };
  return whole;
}

/// `<objectSet>` of a machine that comes.
inline std::string enters(std::string_view id, std::string_view name) {
  return fmt::format(
      "<objectSet><kind>enter</kind><obj type=\"VirtualMachine\">{0}</obj>"
      "<changeSet><name>name</name><op>assign</op><val>{1}</val></changeSet>"
      "<changeSet><name>config.uuid</name><op>assign</op>"
      "<val>00000000-0000-0000-0000-0000000000{0}</val></changeSet></objectSet>",
      id, name);
}

inline std::string update_set(std::string_view version, std::string_view objects,
                              bool truncated = false) {
  return fmt::format(
      "<returnval><version>{}</version><filterSet><filter type=\"PropertyFilter\">f-1</filter>{}"
      "</filterSet>{}</returnval>",
      version, objects, truncated ? "<truncated>true</truncated>" : "");
}

class ModelServer {
 public:
  using Say = std::function<http::Response(const std::string& request)>;

  ModelServer() : at_([this](http::Request request) { return answer(std::move(request)); }) {}

  /// What is said to the next call of a method, once; in the order of these calls.
  void next(const std::string& method, Say say) { said_[method].push_back(std::move(say)); }
  void next(const std::string& method, http::Response response) {
    next(method, [response](const std::string&) { return response; });
  }
  /// What is said to every call for which there is nothing else.
  void always(const std::string& method, http::Response response) { always_[method] = response; }
  void end_sessions() { session_.clear(); }
  [[nodiscard]] int calls(const std::string& method) const {
    auto found = calls_.find(method);
    return found == calls_.end() ? 0 : found->second;
  }

  [[nodiscard]] platform::Account account() const {
    platform::Account account;
    account.url = at_.tls_endpoint().url;
    account.user = "user";
    account.password = std::make_shared<Secret>("p<a>&ss");
    account.trust.fingerprint = at_.fingerprint;
    return account;
  }
  http::Loop& loop() { return at_.loop; }
  std::unique_ptr<platform::Platform> open() { return vsphere::open(loop().executor(), account()); }

 private:
  Async<http::Response> answer(http::Request request) {
    auto at = request.body.find("Body><") + 6;
    auto method = request.body.substr(at, request.body.find(' ', at) - at);
    ++calls_[method];
    bool open = method == "RetrieveServiceContent" || method == "Login";
    bool known = !session_.empty() && request.headers["cookie"] == session_;
    if (!open && !known)
      co_return soap_fault("NotAuthenticated", "The session is not authenticated.");
    if (auto found = said_.find(method); found != said_.end() && !found->second.empty()) {
      auto say = std::move(found->second.front());
      found->second.pop_front();
      co_return say(request.body);
    }
    if (auto found = always_.find(method); found != always_.end()) co_return found->second;
    co_return usual(method, request.body);
  }

  http::Response usual(const std::string& method, const std::string& body) {
    if (method == "RetrieveServiceContent")
      return soap(
          method,
          "<returnval><rootFolder type=\"Folder\">group-d1</rootFolder>"
          "<propertyCollector type=\"PropertyCollector\">pc</propertyCollector>"
          "<viewManager type=\"ViewManager\">views</viewManager>"
          "<about><name>Model</name><version>8.0.1</version><apiType>VirtualCenter</apiType>"
          "<apiVersion>8.0.1.0</apiVersion><instanceUuid>model</instanceUuid></about>"
          "<sessionManager type=\"SessionManager\">sm</sessionManager></returnval>");
    if (method == "Login") {
      if (body.find("<password>p&lt;a&gt;&amp;ss</password>") == std::string::npos)
        return soap_fault("InvalidLogin", "Cannot complete login.");
      session_ = fmt::format("vmware_soap_session=\"s{}\"", ++sessions_);
      auto response = soap(method, "<returnval><key>k</key></returnval>");
      response.headers["Set-Cookie"] = session_ + "; Path=/; HttpOnly; Secure";
      return response;
    }
    if (method == "CreatePropertyCollector")
      return soap(method, "<returnval type=\"PropertyCollector\">pc-own</returnval>");
    if (method == "CreateContainerView")
      return soap(method, "<returnval type=\"ContainerView\">view</returnval>");
    if (method == "CreateFilter")
      return soap(method, "<returnval type=\"PropertyFilter\">f-1</returnval>");
    return soap(method, "");
  }

  std::map<std::string, std::deque<Say>> said_;
  std::map<std::string, http::Response> always_;
  std::map<std::string, int> calls_;
  std::string session_;
  int sessions_ = 0;
  http::Loopback at_;
};

}  // namespace truce::vsphere
