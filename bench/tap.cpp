// SPDX-License-Identifier: Apache-2.0
#include "tap.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>

namespace tna::bench {

Result<Tap> Tap::create(const Bed& bed, const std::string& name, const std::string& bridge) {
  Inside inside = TRY(Inside::enter(bed.dut()));
  Fd fd{open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)};
  ifreq ask{};
  name.copy(ask.ifr_name, IFNAMSIZ - 1);
  ask.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (!fd || ioctl(fd.get(), TUNSETIFF, &ask) < 0) return errno_error("make tap device " + name);
  TRY(bed.in_dut("ip link set " + name + " master " + bridge + " up"));
  return Tap(std::move(fd), name);
}

Result<> Tap::speak(const Mac& source, const Mac& destination, int vlan) const {
  unsigned char frame[ETH_ZLEN + 4] = {};
  std::copy_n(destination.bytes.begin(), ETH_ALEN, frame);
  std::copy_n(source.bytes.begin(), ETH_ALEN, frame + ETH_ALEN);
  unsigned char* type = frame + 12;
  if (vlan) {
    type[0] = 0x81, type[1] = 0x00, type[2] = vlan >> 8, type[3] = vlan & 0xff;
    type += 4;
  }
  type[0] = 0x88, type[1] = 0xb5;  // an experimental EtherType
  if (write(fd_.get(), frame, sizeof frame) < 0) return errno_error("send on " + name_);
  return {};
}

}  // namespace tna::bench
