// SPDX-License-Identifier: Apache-2.0
// dns_responder: answers questions for the IPv4 addresses of some names by AF_XDP (RFC 1035); all
// others get NXDOMAIN. What is no such question is not answered.
//   dns_responder [--control SOCKET] "iifname eth0 udp dport 53" NAME=ADDRESS...
#include <arpa/inet.h>

#include <cctype>
#include <cstdio>
#include <map>
#include <string>

#include "packet.h"

namespace {

using Names = std::map<std::string, in_addr>;

struct DnsHeader {
  std::uint16_t id, flags, questions, answers, authorities, additional;
};

constexpr std::uint16_t kResponse = 0x8000, kOpcode = 0x7800, kAuthoritative = 0x0400,
                        kRecursionDesired = 0x0100, kNoSuchName = 3;
constexpr std::uint16_t kTypeA = 1, kClassIn = 1;
constexpr std::size_t kAnswer = 16;  // a pointer to the name, type, class, TTL, length, an address
constexpr std::uint32_t kSeconds = 60;

std::uint16_t number(const std::byte* at) {
  std::uint16_t value;
  std::memcpy(&value, at, sizeof value);
  return ntohs(value);
}

// The name of the question, in small letters; the number of its bytes, 0: it is none.
std::size_t read_name(const std::byte* at, std::size_t left, std::string& name) {
  for (std::size_t read = 0; read < left;) {
    const auto length = std::to_integer<std::size_t>(at[read++]);
    if (!length) return read;
    if (length > 63 || read + length > left || name.size() + length > 253) return 0;
    if (!name.empty()) name += '.';
    for (std::size_t i = 0; i < length; ++i)
      name += static_cast<char>(std::tolower(std::to_integer<unsigned char>(at[read + i])));
    read += length;
  }
  return 0;
}

// Writes the answer behind the question; false: it is no question that is answered here.
bool answer(const Names& names, example::Udp& found, tna::AppPacket& packet) {
  DnsHeader header;
  if (found.length < sizeof header) return false;
  std::memcpy(&header, found.data, sizeof header);
  const std::uint16_t flags = ntohs(header.flags);
  if (flags & (kResponse | kOpcode) || ntohs(header.questions) != 1) return false;
  std::string name;
  const std::size_t size =
      read_name(found.data + sizeof header, found.length - sizeof header, name);
  const std::size_t end = sizeof header + size + 4;
  if (!size || end > found.length) return false;
  const bool of_address =
      number(found.data + end - 4) == kTypeA && number(found.data + end - 2) == kClassIn;
  const auto known = names.find(name);
  const bool answered = known != names.end() && of_address;
  const auto before = static_cast<std::size_t>(found.data - packet.data);
  if (before + end + kAnswer > packet.room) return false;

  header.flags =
      htons(static_cast<std::uint16_t>(kResponse | kAuthoritative | (flags & kRecursionDesired) |
                                       (known == names.end() ? kNoSuchName : 0)));
  header.answers = htons(answered);
  header.authorities = header.additional = 0;
  std::memcpy(found.data, &header, sizeof header);
  if (answered) {
    const std::uint16_t words[] = {htons(0xc000 | sizeof header), htons(kTypeA), htons(kClassIn)};
    const std::uint32_t ttl = htonl(kSeconds);
    const std::uint16_t length = htons(sizeof(in_addr));
    std::byte* at = found.data + end;
    std::memcpy(at, words, 6);
    std::memcpy(at + 6, &ttl, 4);
    std::memcpy(at + 10, &length, 2);
    std::memcpy(at + 12, &known->second, 4);
  }
  example::turn_round(found);
  example::finish(found, end + (answered ? kAnswer : 0), packet);
  return true;
}

int fail(const std::string& why) {
  std::fprintf(stderr, "dns_responder: %s\n", why.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  tna::AppOptions options;
  Names names;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::size_t equals = word.find('=');
    in_addr address;
    if (word == "--control" && i + 1 < argc)
      options.control = argv[++i];
    else if (options.match.empty())
      options.match = word;
    else if (equals == std::string::npos ||
             ::inet_pton(AF_INET, word.c_str() + equals + 1, &address) != 1)
      return fail("\"" + word + "\" is not NAME=ADDRESS");
    else
      names[word.substr(0, equals)] = address;
  }
  if (names.empty()) return fail("usage: dns_responder [--control SOCKET] MATCH NAME=ADDRESS...");
  auto app = tna::App::open(options);
  if (!app) return fail(app.error().message);
  for (const std::string& why : app->to_linux()) std::printf("with Linux: %s\n", why.c_str());
  std::printf("ready\n");
  std::fflush(stdout);
  const auto handle = [&](tna::AppPacket& packet) {
    example::Udp found;
    const bool answered = example::find_udp(packet, found) && example::is_whole(found) &&
                          answer(names, found, packet);
    return answered ? tna::AppVerdict::send : tna::AppVerdict::done;
  };
  for (;;)
    if (auto served = app->serve(std::chrono::seconds(1), handle); !served)
      return fail(served.error().message);
}
