#!/bin/sh
# as_ordinary_user.sh [CLOSED PATH]... -- COMMAND...
#
# For root: runs COMMAND as a user without any rights or account. Each PATH, which that user needs, is shown to it although
# the folder CLOSED above it is closed to others; this changes the file system for COMMAND alone. Run it below `unshare -m`.
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=755 none /mnt
closed=
while [ "$1" != -- ]; do
    mkdir -p "/mnt$2"
    mount --bind "$2" "/mnt$2"
    closed="$closed $1"
    shift 2
done
shift
for folder in $closed; do
    mount --rbind "/mnt$folder" "$folder"
done
umount -l /mnt
exec setpriv --reuid 2001 --regid 2001 --clear-groups "$@"
