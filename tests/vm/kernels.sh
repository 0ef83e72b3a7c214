# SPDX-License-Identifier: Apache-2.0
# kernels.sh: which Debian kernels there are, and how one gets into the cache; a part of vmrun, whose
# $cache, $suites, $kernel and $update it uses.

# Runs an apt tool on a package list of our own, so that neither the system's
# package sources nor its installed packages play any part.
apt() { APT_CONFIG=$cache/apt/apt.conf "$@"; }

apt_setup() {
    need apt-get apt
    local uri keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    # The mirror is whichever one this system already uses for Debian.
    uri=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
        sed -n 's/^Debian|Debian|//p' | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')
    [ -n "$uri" ] || die "no Debian package source is configured on this system (run 'apt-get update' first?)"
    mkdir -p "$cache"/apt/state/lists/partial "$cache"/apt/cache/archives/partial
    : >"$cache/apt/status"
    {
        echo "Types: deb"
        echo "URIs: $uri"
        echo "Suites: $suites"
        echo "Components: main"
        [ ! -e "$keyring" ] || echo "Signed-By: $keyring"
    } >"$cache/apt/vmrun.sources"
    cat >"$cache/apt/apt.conf" <<EOF
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::State "$cache/apt/state";
Dir::State::status "$cache/apt/status";
Dir::Cache "$cache/apt/cache";
Dir::Etc::sourcelist "$cache/apt/vmrun.sources";
Dir::Etc::sourceparts "-";
EOF
    apt apt-get -qq update >&2 || die "cannot download the package lists"
}

# Prints "VERSION SUITE" for every kernel on offer, newest first.
kernels_on_offer() {
    apt apt-cache madison linux-image-amd64 | awk '$NF == "Packages" { sub("/.*", "", $(NF - 2)); print $3, $(NF - 2) }'
}

# Of the versions read, prints that which $1 means: "newest", "second" (the newest of the series before:
# 7.2 where 7.3 is the newest), a series, or a version.
kernel_version() {
    sort -rV | awk -v want="$1" '
        { split($1, part, "."); series = part[1] "." part[2]; if (series != last) { nth++; last = series } }
        want == "newest" && nth == 1 || want == "second" && nth == 2 || $1 == want ||
            index($1, want ".") == 1 || index($1, want "-") == 1 { print $1; exit }'
}

# Prints the packages that make up kernel package $1: itself and those it
# depends on with the same version.
kernel_packages() {
    apt apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
        --no-replaces --no-enhances "$1" | grep -E '^linux-(image|binary|modules|base)-[0-9]' | sort -u
}

# Makes $cache/spec/$kernel lead to an unpacked kernel:
#   vmlinuz, config, lib/modules/RELEASE, base.cpio (initramfs without the command)
kernel_get() {
    [ -n "$update" ] || [ ! -e "$cache/spec/$kernel/base.cpio" ] || return 0
    need dpkg-deb dpkg
    need depmod kmod
    need cpio cpio
    need busybox busybox-static
    local version image release tmp p kdir
    say "looking for kernel $kernel"
    apt_setup
    version=$(kernels_on_offer | kernel_version "$kernel")
    [ -n "$version" ] || die "no kernel '$kernel' on offer; there are: $(kernels_on_offer | tr '\n' ';')"
    image=$(apt apt-cache show --no-all-versions "linux-image-amd64=$version" |
        grep '^Depends:' | grep -oE 'linux-image-[0-9][^ ,]*')
    release=${image#linux-image-}
    kdir=$cache/kernels/$release
    if [ ! -e "$kdir/base.cpio" ] || [ "$(cat "$kdir/version")" != "$version" ]; then
        say "downloading Linux $version ($release)"
        tmp=$(mktemp -d "$cache/unpack.XXXXXX")
        (cd "$tmp" && apt apt-get -qq download $(kernel_packages "$image")) >&2 || die "cannot download $image"
        for p in "$tmp"/*.deb; do dpkg-deb -x "$p" "$tmp/root"; done
        kernel_unpack "$tmp/root" "$tmp/kernel" "$release"
        echo "$version" >"$tmp/kernel/version"
        mkdir -p "$cache/kernels"
        rm -rf "$kdir"
        mv "$tmp/kernel" "$kdir"
        rm -rf "$tmp"
    fi
    mkdir -p "$cache/spec"
    ln -sfn "../kernels/$release" "$cache/spec/$kernel"
}

# Brings the two package layouts (files in /boot and /lib, or all of them in
# /usr/lib/modules) to one.
kernel_unpack() { # FROM TO RELEASE
    local from=$1 to=$2 release=$3 m
    mkdir -p "$to/lib/modules"
    if [ -d "$from/usr/lib/modules/$release" ]; then m=$from/usr/lib/modules/$release; else m=$from/lib/modules/$release; fi
    [ -d "$m" ] || die "the packages of $release have no modules"
    mv "$m" "$to/lib/modules/"
    m=$to/lib/modules/$release
    if [ -e "$m/vmlinuz" ]; then mv "$m/vmlinuz" "$to/"; else mv "$from/boot/vmlinuz-$release" "$to/vmlinuz"; fi
    if [ -e "$m/config" ]; then mv "$m/config" "$to/"; else mv "$from/boot/config-$release" "$to/config"; fi
    depmod -b "$to" "$release"

    # The initramfs: busybox and the modules that the first mounts need.
    local i=$to/initramfs file n=100
    mkdir -p "$i"/bin "$i"/proc "$i"/sys "$i"/dev "$i"/modules
    cp "$(command -v busybox)" "$i/bin/busybox"
    if ldd "$i/bin/busybox" >/dev/null 2>&1; then die "busybox is not static (Debian package: busybox-static)"; fi
    ln -s busybox "$i/bin/sh"
    cp "$to/config" "$i/config"
    for m in virtio_pci virtio_console 9pnet_virtio 9p overlay; do
        modprobe -d "$to" -S "$release" --show-depends "$m" || die "kernel $release has no $m"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
        m=$i/modules/$n-$(basename "$file" | sed 's/\.ko.*/.ko/')
        case $file in
        *.xz) xz -dc "$file" ;;
        *.zst) zstd -dcq "$file" ;;
        *.gz) gzip -dc "$file" ;;
        *) cat "$file" ;;
        esac >"$m"
        n=$((n + 1))
    done
    pack "$i" >"$to/base.cpio"
    rm -rf "$i"
}

pack() { (cd "$1" && find . | cpio --quiet -o -H newc -R 0:0); }
