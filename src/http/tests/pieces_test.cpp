// What clients of other servers need: answers of any size, and certificates that others have
// signed.
#include "loopback.h"

namespace truce::http {
namespace {

TEST(Pieces, an_answer_to_a_post_comes_in_pieces_on_the_kept_connection) {
  Loopback at(echo);
  Client client(at.loop.executor(), at.tls_endpoint());
  for (std::size_t size : {3UL, 3'000'000UL}) {
    std::string got;
    auto answer = at.loop.run(client.send("POST", "/sdk", std::string(size, 'x'), {}, 60s,
                                          [&](const Response& head, std::string piece) {
                                            EXPECT_EQ(head.status, 200);
                                            got += piece;
                                            return Result<void>();
                                          }));
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(got.size(), size);
    EXPECT_TRUE(answer->body.empty());
    EXPECT_EQ(answer->headers["x-path"], "/sdk");
  }
  EXPECT_EQ(at.server.counters().connections, 1U) << "the connection is kept";
}

TEST(Pieces, a_refusal_of_what_should_come_in_pieces_is_kept_and_a_piece_can_end_it) {
  Loopback at([](Request request) -> Async<Response> {
    Response response;
    response.status = request.path == "/no" ? 500 : 200;
    response.body = "reason";
    co_return response;
  });
  Client client(at.loop.executor(), at.tls_endpoint());
  auto refuse = [](const Response&, std::string) -> Result<void> {
    return fail(Code::limit, "enough");
  };
  auto no = at.loop.run(client.send("POST", "/no", "x", {}, 60s, refuse));
  ASSERT_TRUE(no.has_value()) << no.error().message;
  EXPECT_EQ(no->status, 500);
  EXPECT_EQ(no->body, "reason");
  auto ended = at.loop.run(client.send("POST", "/yes", "x", {}, 60s, refuse));
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().code, Code::limit);
}

TEST(Trust, a_certificate_can_be_trusted_by_who_has_signed_it_and_by_its_name) {
  Loopback at(echo);
  auto endpoint = at.tls_endpoint();
  endpoint.fingerprint.clear();
  endpoint.authorities = at.tls.certificate.string();
  endpoint.url = fmt::format("https://localhost:{}", at.port);
  Client right(at.loop.executor(), endpoint);
  auto answer = at.loop.run(right.send("GET", "/"));
  EXPECT_TRUE(answer.has_value()) << answer.error().message;

  endpoint.authorities = "system";
  Client unknown(at.loop.executor(), endpoint);
  auto refused = at.loop.run(unknown.send("GET", "/"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::forbidden) << refused.error().message;

  endpoint.authorities = at.tls.certificate.string();
  endpoint.url = fmt::format("https://127.1:{}", at.port);  // leads there, and is no name of it
  Client other_name(at.loop.executor(), endpoint);
  refused = at.loop.run(other_name.send("GET", "/"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::forbidden) << refused.error().message;
}

}  // namespace
}  // namespace truce::http
