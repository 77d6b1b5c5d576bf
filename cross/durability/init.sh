#!/bin/busybox sh
# shellcheck shell=dash
# First program of the device whose power is cut. It stays on the first RAM disk and mounts the disk that is cut, the images, and nothing else.
set -u
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
for module in /modules/*.ko; do
  [ -e "$module" ] || break
  insmod "$module"
done
# A phone kernel has no devtmpfs.
mount -t devtmpfs dev /dev 2>/dev/null || { mount -t tmpfs dev /dev && mdev -s; }
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup

say() { echo "<1>powercut: $*" >/dev/kmsg; }
die() {
  say "cannot $*"
  poweroff -f
}

# option NAME: a value from the kernel's command line.
option() {
  read -r words </proc/cmdline
  for word in $words; do
    case $word in "powercut.$1="*) echo "${word#*=}" ;; esac
  done
}

# disk NAME: the device node of the disk with that serial number.
disk() {
  for directory in /sys/block/vd*; do
    serial=
    # Its text has no end of line, which makes read say "false".
    read -r serial <"$directory/serial"
    [ "$serial" = "$1" ] && echo "/dev/${directory##*/}" && return
  done
  return 1
}

mount -t erofs -o ro "$(disk images)" /images || die "mount the images"
dd if="$(disk orders)" of=/run/orders bs=64k 2>/dev/null || die "read the orders"
# Filled up with zeros.
tr -d '\000' </run/orders >/run/work
mount -t "$(option data)" -o "$(option options)" "$(disk data)" /data || die "mount the disk"
say mounted
mkdir -p /run/scratch
apus=/bin/apus store=/data/store state=/run/apus images=/images scratch=/run/scratch mount=/data said=/dev/kmsg mark='<1>' sh /work.sh /run/work
sync
umount /data || die "unmount the disk"
say off
poweroff -f
