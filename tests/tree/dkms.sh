# SPDX-License-Identifier: GPL-2.0-or-later
#
# dkms.sh - dkms builds the module from what the tree holds, for a kernel that does not run.

# Where it is kept depends on HOME, which the suite changes.
kernel=$(tests/qemu/kernel 6.1)

. tests/tap.sh

is_root || tap_skip_all "dkms wants to be root"
[ -n "$kernel" ] || tap_bail "no kernel to build for"
release=$(cat "$kernel/release")
mkdir "$T/dkms" "$T/src" "$T/mclicfs-1.0"
cp -r dkms.conf Kbuild kmod core uapi "$T/mclicfs-1.0/"
with="--dkmstree $T/dkms --sourcetree $T/src --no-depmod"

# shellcheck disable=SC2086 # options
tap_ok "dkms takes the sources" dkms add $with "$T/mclicfs-1.0"
# shellcheck disable=SC2086
tap_ok "dkms builds them" dkms build mclicfs/1.0 -k "$release" --kernelsourcedir "$kernel/build" $with ||
	cat "$T/dkms/mclicfs/1.0/build/make.log"
tap_nomatch "... without a warning" "$(cat "$T"/dkms/mclicfs/1.0/"$release"/*/log/make.log)" "warning:"
module=$(find "$T/dkms" -name 'mclicfs.ko*' | head -n 1)
tap_ok "the module is there" test -n "$module"
tap_is "and is for that kernel" "$(modinfo -F vermagic "$module" | cut -d ' ' -f 1)" "$release"
tap_is "the version that dkms knows is that of the programs" \
	"$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' dkms.conf)" "$(mclic --version | cut -d ' ' -f 2)"
