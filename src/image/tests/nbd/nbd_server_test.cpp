// The server on sockets: the tools that others use, and clients that do not behave.
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fstream>

#include "image/nbd_file.h"
#include "nbd_support.h"

namespace truce::image::nbd {
namespace {

constexpr std::size_t disk_size = std::size_t{24} << 20U;

Fd connect_to(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

bool say(const Fd& fd, const Says& says) {
  return ::send(fd.get(), says.bytes.data(), says.bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(says.bytes.size());
}

TEST(NbdServer, is_read_by_every_tool_as_it_is) {
  auto content = sparse_content(disk_size, 7);
  Running running;
  running.start(disk_file(running.folder / "disk", content), Access::read_only);
  auto uri = "'" + running.uri() + "'", raw = (running.folder / "disk").string(),
       copy = raw + ".copy";
  for (const auto& command :
       {"nbdcopy " + uri + " " + copy, "nbdcopy -C 1 -R 1 " + uri + " " + copy,
        "qemu-img convert -f raw -O raw " + uri + " " + copy,
        "qemu-img convert -m 16 -W -S 0 -f raw -O raw " + uri + " " + copy}) {
    auto ran = run_command(command);
    EXPECT_EQ(ran.status, 0) << command << ran.output;
    EXPECT_EQ(ran.output, "") << command;
    EXPECT_TRUE(read_whole(copy) == content) << command;
    std::filesystem::remove(copy);
  }
  EXPECT_EQ(run_command("qemu-img compare -f raw -F raw " + uri + " " + raw).status, 0);
  EXPECT_EQ(run_command("qemu-img bench -f raw -c 2000 -d 16 -s 4096 -S 69632 " + uri).status, 0);
  auto by_nbd = run_command("qemu-img map --output=json -f raw " + uri);
  auto by_file = run_command("qemu-img map --output=json -f raw " + raw);
  auto plain = [](std::string text) {  // only the file has offsets
    for (std::size_t at; (at = text.find(", \"offset\"")) != std::string::npos;)
      text.erase(at, text.find('}', at) - at);
    return text;
  };
  EXPECT_EQ(plain(by_nbd.output), plain(by_file.output));
  auto info = run_command("nbdinfo " + uri);
  EXPECT_TRUE(info.output.contains("base:allocation") &&
              info.output.contains("can_multi_conn: true"))
      << info.output;
  EXPECT_TRUE(running.reports.empty()) << running.reports.front();
}

TEST(NbdServer, is_written_by_every_tool_as_it_should_be) {
  auto content = sparse_content(disk_size, 8);
  Running running;
  auto path = running.folder / "disk", source = running.folder / "source";
  write_whole(source, content);
  running.start(disk_file(path, Content(disk_size)), Access::read_write);
  auto uri = "'" + running.uri() + "'";
  auto copied = run_command("nbdcopy --flush " + source.string() + " " + uri);
  EXPECT_EQ(copied.status, 0) << copied.output;
  EXPECT_TRUE(read_whole(path) == content);
  auto io = run_command(
      "qemu-io -f raw -c 'write -P 7 1000 70000' -c 'write -f -P 8 4096 4096' -c 'write -z 1M 1M' "
      "-c 'write -z -u 3M 1M' -c 'discard 5M 64k' -c 'aio_write -P 9 7M 2M' -c flush -c 'read -P 8 "
      "4096 4096' " +
      uri);
  EXPECT_EQ(io.status, 0);
  EXPECT_FALSE(io.output.contains("fail")) << io.output;
  std::fill_n(content.begin() + 1000, 70000, std::byte{7});
  std::fill_n(content.begin() + 4096, 4096, std::byte{8});
  for (std::size_t mib : {1, 3})
    std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(mib << 20U), 1 << 20, std::byte{0});
  std::fill_n(content.begin() + (5 << 20), 65536, std::byte{0});
  std::fill_n(content.begin() + (7 << 20), 2 << 20, std::byte{9});
  EXPECT_TRUE(read_whole(path) == content);
  std::ranges::reverse(content);
  write_whole(source, content);
  auto converted =
      run_command("qemu-img convert -n -W -f raw -O raw " + source.string() + " " + uri);
  EXPECT_EQ(converted.status, 0) << converted.output;
  EXPECT_TRUE(read_whole(path) == content);
  EXPECT_TRUE(running.server->stop());
  EXPECT_FALSE(std::filesystem::exists(running.folder / "socket"));
}

TEST(NbdServer, serves_several_exports_over_tcp) {
  Running running;
  ServeOptions options;
  options.host = "127.0.0.1";
  options.port = 0;
  for (std::string name : {"first", "second"}) {
    options.exports.push_back(
        {.name = name,
         .description = "about " + name,
         .image = raw_image(std::make_shared<MemoryFile>(
                                name, std::vector<std::byte>(name.size() * 512, std::byte{5})),
                            false)});
  }
  running.start(std::move(options));
  auto uri = fmt::format("nbd://127.0.0.1:{}/", running.server->port());
  auto list = run_command("nbdinfo --list " + uri);
  EXPECT_TRUE(list.output.contains("about first") && list.output.contains("about second"))
      << list.output;
  EXPECT_EQ(run_command("nbdinfo --size " + uri + "second").output, "3072\n");
  EXPECT_EQ(run_command("nbdinfo --size " + uri).output, "2560\n");
  EXPECT_NE(run_command("nbdinfo --size " + uri + "third").status, 0);
}

TEST(NbdServer, serves_a_client_that_is_connected_already_and_ends_with_it) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  Fd ours(ends[0]);
  auto memory = std::make_shared<MemoryFile>("disk", Content(1 << 20));
  ServeOptions options;
  options.exports.push_back({.name = "",
                             .description = {},
                             .image = raw_image(memory, true),
                             .access = ExportOptions::Access::read_write});
  options.client = Fd(ends[1]);
  options.until = ServeOptions::Until::unused;
  std::atomic<bool> stop = false;
  std::jthread serving([&] { EXPECT_TRUE(serve(std::move(options), stop)); });
  {
    auto file = NbdFile::adopt(std::move(ours), "", {.access = NbdFileOptions::Access::read_write});
    ASSERT_TRUE(file) << file.error().message;
    Content written(65536, std::byte{7});
    EXPECT_TRUE((*file)->write(4096, written));
    EXPECT_TRUE((*file)->flush());
  }
  serving.join();  // by itself
  EXPECT_EQ(memory->content()[4096], std::byte{7});
}

TEST(NbdServer, goes_on_when_clients_are_killed) {
  Running running;
  running.start(disk_file(running.folder / "disk", sparse_content(disk_size, 9)),
                Access::read_write);
  for (int i = 0; i < 3; ++i) {
    auto child = ::fork();
    if (child == 0) {
      ::execlp("qemu-img", "qemu-img", "bench", "-q", "-w", "-f", "raw", "-c", "10000000", "-d",
               "32", running.uri().c_str(), nullptr);
      ::_exit(1);
    }
    EXPECT_TRUE(eventually([&] { return running.server->connections() > 0; }));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  EXPECT_TRUE(eventually([&] { return running.server->connections() == 0; }));
  EXPECT_EQ(run_command("nbdinfo --size '" + running.uri() + "'").output,
            std::to_string(disk_size) + "\n");
}

TEST(NbdServer, gives_up_clients_that_never_speak_never_finish_or_never_read) {
  Running running;
  ServeOptions options;
  options.exports.push_back(
      {.name = "",
       .description = {},
       .image =
           raw_image(disk_file(running.folder / "disk", Content(disk_size, std::byte{1})), true),
       .access = Access::read_write});
  options.limits.handshake = std::chrono::milliseconds(300);
  options.limits.stalled = std::chrono::milliseconds(300);
  options.limits.bytes_in_flight = 4 << 20;
  running.start(std::move(options));
  auto path = running.folder / "socket";
  auto silent = connect_to(path), half = connect_to(path), deaf = connect_to(path),
       idle = connect_to(path);
  EXPECT_TRUE(say(half, Says().begin().request(Command::write, 0, 100000).payload(50000, 1)));
  Says greedy;
  greedy.begin();
  for (int i = 0; i < 500; ++i)
    greedy.request(Command::read, 0, 8 << 20, i % 2 == 0 ? command_df : 0);
  EXPECT_TRUE(say(deaf, greedy));
  EXPECT_TRUE(say(idle, Says().begin()));
  EXPECT_TRUE(eventually([&] { return running.server->connections() == 1; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  EXPECT_EQ(running.server->connections(), 1U);  // who may be silent stays
  EXPECT_TRUE(running.reported("took nothing"));
  EXPECT_TRUE(running.reported("was silent"));
}

TEST(NbdServer, takes_no_more_connections_than_allowed) {
  Running running;
  ServeOptions options;
  options.exports.push_back({.name = "",
                             .description = {},
                             .image = raw_image(std::make_shared<MemoryFile>("disk", "x"), false)});
  options.limits.connections = 2;
  running.start(std::move(options));
  auto path = running.folder / "socket";
  auto first = connect_to(path), second = connect_to(path);
  EXPECT_TRUE(eventually([&] { return running.server->connections() == 2; }));
  auto third = connect_to(path);
  char byte = 0;
  EXPECT_EQ(::recv(third.get(), &byte, 1, 0), 0);
  EXPECT_EQ(::recv(first.get(), &byte, 1, 0), 1);
}

TEST(NbdServer, answers_what_it_has_received_when_it_is_stopped) {
  Running running;
  running.start(disk_file(running.folder / "disk", Content(disk_size, std::byte{1})),
                Access::read_write);
  auto client = connect_to(running.folder / "socket");
  EXPECT_TRUE(say(client, Says().begin().request(Command::write, 0, 4096).payload(4096, 3)));
  std::vector<std::byte> heard(65536);
  std::size_t got = 0;
  auto receive = [&] {
    auto count = ::recv(client.get(), heard.data() + got, heard.size() - got, 0);
    if (count > 0) got += static_cast<std::size_t>(count);
    return count > 0;
  };
  EXPECT_TRUE(receive());
  EXPECT_TRUE(running.server->stop());
  while (receive()) {
  }
  Hears hears(View(heard).first(got));
  hears.to_transmission();
  EXPECT_EQ(hears.chunk().type, Chunk::none);
  EXPECT_EQ(read_whole(running.folder / "disk")[4095], std::byte{3});
}

TEST(NbdServer, replaces_a_socket_that_nobody_listens_on_and_no_other) {
  TestFolder folder;
  auto options = [&] {
    ServeOptions made;
    made.exports.push_back({.name = "",
                            .description = {},
                            .image = raw_image(std::make_shared<MemoryFile>("disk", "x"), false)});
    made.socket = folder / "socket";
    return made;
  };
  auto first = Server::start(options());
  ASSERT_TRUE(first);
  EXPECT_EQ(Server::start(options()).error().code, Code::conflict);
  auto status = std::filesystem::status(folder / "socket").permissions();
  EXPECT_EQ(status & (std::filesystem::perms::group_all | std::filesystem::perms::others_all),
            std::filesystem::perms::none);
  std::filesystem::rename(folder / "socket", folder / "kept");
  ASSERT_TRUE((*first)->stop());
  std::filesystem::rename(folder / "kept", folder / "socket");
  EXPECT_TRUE(Server::start(options()));
}

TEST(NbdServer, ends_by_itself_when_the_last_client_has_gone) {
  TestFolder folder;
  ServeOptions options;
  options.exports.push_back({.name = "",
                             .description = {},
                             .image = raw_image(std::make_shared<MemoryFile>("disk", "x"), false)});
  options.socket = folder / "socket";
  options.until = ServeOptions::Until::unused;
  std::atomic<bool> stop = false;
  auto done =
      serve(std::move(options), stop, [&](std::uint16_t) { connect_to(folder / "socket"); });
  EXPECT_TRUE(done);
}

/// A CA, a certificate of the server and one of a client, by openssl(1).
class NbdTls : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder / "ext") << "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
    auto cd = "cd '" + (folder / "").string() + "' && ";
    auto made = run_command(
        cd +
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out "
        "ca-cert.pem -subj /CN=ca -days 2");
    for (std::string who : {"server", "client"}) {
      made = run_command(
          cd + "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout " + who +
          "-key.pem -out r.csr -subj /CN=localhost && openssl x509 -req -in r.csr -CA "
          "ca-cert.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out " +
          who + "-cert.pem");
      ASSERT_EQ(made.status, 0) << made.output;
    }
    std::filesystem::create_directory(folder / "bare");
    std::filesystem::copy_file(folder / "ca-cert.pem", folder / "bare/ca-cert.pem");
  }
  void start(bool clients_too, Tls::Demand demand = Tls::Demand::required) {
    content = sparse_content(4 << 20, 11);
    ServeOptions options;
    options.exports.push_back({.name = "",
                               .description = {},
                               .image = raw_image(disk_file(folder / "disk", content), true),
                               .access = Access::read_write});
    options.host = "127.0.0.1";
    options.port = 0;
    options.tls = Tls{.certificate = folder / "server-cert.pem",
                      .key = folder / "server-key.pem",
                      .client_ca = clients_too ? folder / "ca-cert.pem" : "",
                      .demand = demand};
    running.start(std::move(options));
  }
  [[nodiscard]] std::string uri(const std::string& certificates) const {
    return fmt::format("'nbds://localhost:{}/?tls-certificates={}'", running.server->port(),
                       (folder / certificates).string());
  }
  TestFolder folder;
  Content content;
  Running running;
};

TEST_F(NbdTls, carries_the_disk_and_refuses_those_in_the_clear) {
  start(false);
  auto copied = run_command("nbdcopy " + uri("bare") + " " + (folder / "copy").string());
  EXPECT_EQ(copied.status, 0) << copied.output;
  EXPECT_TRUE(read_whole(folder / "copy") == content);
  EXPECT_NE(run_command(fmt::format("nbdinfo nbd://localhost:{}/", running.server->port())).status,
            0);
  std::ranges::reverse(content);
  write_whole(folder / "copy", content);
  copied = run_command("nbdcopy --flush " + (folder / "copy").string() + " " + uri("bare"));
  EXPECT_EQ(copied.status, 0) << copied.output;
  EXPECT_TRUE(read_whole(folder / "disk") == content);
}

TEST_F(NbdTls, wants_a_certificate_of_clients_where_it_was_told_to) {
  start(true);
  EXPECT_EQ(run_command("nbdinfo " + uri("")).status, 0);
  EXPECT_NE(run_command("nbdinfo " + uri("bare")).status, 0);
  EXPECT_TRUE(eventually([&] { return running.reported("certificate"); }));
}

TEST_F(NbdTls, may_be_offered_only) {
  start(false, Tls::Demand::offered);
  EXPECT_EQ(run_command("nbdinfo " + uri("bare")).status, 0);
  EXPECT_EQ(run_command(fmt::format("nbdinfo nbd://localhost:{}/", running.server->port())).status,
            0);
}

}  // namespace
}  // namespace truce::image::nbd
