// SPDX-License-Identifier: Apache-2.0
#include "base/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace tna {
namespace {

std::string error_of(const std::string& text) {
  const auto config = parse_config(text, "tna.toml");
  return config ? "no error" : config.error().message;
}

TEST(Config, EmptyFileIsTheDefaults) {
  const auto config = parse_config("", "tna.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(*config, Config{});
  EXPECT_EQ(config->hook, HookChoice::automatic);
  EXPECT_EQ(config->lease_ms, 30'000);
  EXPECT_EQ(config->settle_ms, 3);
  EXPECT_FALSE(config->peer_gro);
  EXPECT_FALSE(config->counted_fast);
  EXPECT_EQ(config->knowledge_dir, "/etc/tna/knowledge.d");
}

TEST(Config, EveryKeyIsRead) {
  const auto config = parse_config(R"(
hook = "tc"
lease_seconds = 3600
settle_ms = 0
peer_gro = true
counted_connections = "fast"
knowledge_dir = "/tmp/k"
[interface.eth0]
hook = "xdp"
[interface."eth0.10"]
hook = "none"
[interface.eth9]
)",
                                   "tna.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->hook, HookChoice::tc);
  EXPECT_EQ(config->lease_ms, 3'600'000);
  EXPECT_EQ(config->settle_ms, 0);
  EXPECT_TRUE(config->peer_gro);
  EXPECT_TRUE(config->counted_fast);
  EXPECT_EQ(config->knowledge_dir, "/tmp/k");
  EXPECT_EQ(config->hook_of("eth0"), HookChoice::xdp);
  EXPECT_EQ(config->hook_of("eth0.10"), HookChoice::none);
  EXPECT_EQ(config->hook_of("eth9"), HookChoice::tc) << "a table without hook says nothing";
  EXPECT_EQ(config->hook_of("eth1"), HookChoice::tc);
}

TEST(Config, InterfaceMayBeAutoWhereTheDefaultIsNot) {
  const auto config = parse_config("hook = \"none\"\n[interface.eth0]\nhook = \"auto\"\n", "f");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->hook_of("eth0"), HookChoice::automatic);
}

TEST(Config, ErrorsNameFileLineAndKey) {
  EXPECT_EQ(error_of("\nhoook = \"tc\"\n"), "tna.toml:2: hoook: unknown key");
  EXPECT_EQ(error_of("hook = \"fast\""),
            "tna.toml:1: hook: must be \"auto\", \"xdp\", \"tc\" or \"none\", not \"fast\"");
  EXPECT_EQ(error_of("hook = 1"), "tna.toml:1: hook: must be a text in quotes");
  EXPECT_EQ(error_of("lease_seconds = 0"), "tna.toml:1: lease_seconds: must be from 1 to 3600");
  EXPECT_EQ(error_of("lease_seconds = 3601"), "tna.toml:1: lease_seconds: must be from 1 to 3600");
  EXPECT_EQ(error_of("lease_seconds = 1.5"), "tna.toml:1: lease_seconds: must be a whole number");
  EXPECT_EQ(error_of("peer_gro = 1"), "tna.toml:1: peer_gro: must be true or false");
  EXPECT_EQ(error_of("\ncounted_connections = \"tna\""),
            "tna.toml:2: counted_connections: must be \"linux\" or \"fast\", not \"tna\"");
  EXPECT_EQ(error_of("counted_connections = true"),
            "tna.toml:1: counted_connections: must be a text in quotes");
  EXPECT_EQ(error_of("settle_ms = -1"), "tna.toml:1: settle_ms: must be from 0 to 1000");
  EXPECT_EQ(error_of("[interface.eth0]\n\nhook = \"xpd\""),
            "tna.toml:3: interface.eth0.hook: must be \"auto\", \"xdp\", \"tc\" or \"none\", not "
            "\"xpd\"");
  EXPECT_EQ(error_of("[interface.eth0]\nmtu = 9000"),
            "tna.toml:2: interface.eth0.mtu: unknown key");
  EXPECT_EQ(error_of("[interface.\"eth 0\"]"),
            "tna.toml:1: interface.eth 0: no name for an interface");
  EXPECT_EQ(error_of("[interface.a-name-too-long-]"),
            "tna.toml:1: interface.a-name-too-long-: no name for an interface");
  EXPECT_EQ(error_of("[interface]\neth0 = \"xdp\""),
            "tna.toml:2: interface.eth0: must be a table [interface.eth0]");
  EXPECT_EQ(error_of("interface = 1"), "tna.toml:1: interface: must be tables [interface.NAME]");
  EXPECT_EQ(error_of("[logging]\nlevel = 1"), "tna.toml:1: logging: unknown key");
  EXPECT_EQ(error_of("hook = 2020-01-01"), "tna.toml:1: hook: dates and times are not used here");
}

TEST(Config, BrokenTomlNamesFileAndLine) {
  EXPECT_TRUE(error_of("hook = \"tc\"\nlease_seconds = \n").starts_with("tna.toml:2: "))
      << error_of("hook = \"tc\"\nlease_seconds = \n");
}

TEST(Config, NamedFileMustExist) {
  const auto config = read_config("/nonexistent/tna.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message, "read /nonexistent/tna.toml: No such file or directory");
}

TEST(Config, FolderIsNoFile) {
  EXPECT_FALSE(read_config("/tmp"));
}

TEST(Config, FileIsRead) {
  char path[] = "/tmp/tna-config-XXXXXX";
  const int fd = mkstemp(path);
  ASSERT_GE(fd, 0);
  close(fd);
  std::ofstream(path) << "settle_ms = 7\n";
  const auto config = read_config(path);
  std::remove(path);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->settle_ms, 7);
}

TEST(Config, EmptyFileCanBeRead) {
  const auto config = read_config("/dev/null");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(*config, Config{});
}

// What packaging/tna.toml shows in comments are the defaults, and keys that exist.
TEST(Config, ShippedFileShowsTheDefaults) {
  std::ifstream file(TNA_SOURCE_DIR "/packaging/tna.toml");
  ASSERT_TRUE(file);
  std::string text, keys;
  for (std::string line; std::getline(file, line) && line != "# [interface.eth0]";)
    if (line.starts_with("# ") && line.find(" = ") != std::string::npos) {
      text += line.substr(2) + "\n";
      keys += line.substr(2, line.find(" = ") - 2) + " ";
    }
  EXPECT_EQ(keys,
            "hook lease_seconds settle_ms peer_gro counted_connections knowledge_dir hooks_dir ");
  const auto config = parse_config(text, "packaging/tna.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(*config, Config{});
}

}  // namespace
}  // namespace tna
