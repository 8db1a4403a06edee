# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# What the tests of the daemon share; $guest is the program, $here this directory. TAP on stdout.

# The tests change the directory.
guest=$(realpath "$guest")
# shellcheck source=../support/tap.sh
. "$here/../support/tap.sh"
# shellcheck source=../support/daemon.sh
. "$here/../support/daemon.sh"
daemon=$guest locks=$dir/lock
mkdir "$locks"

clean_up() {
    [ -z "$pid" ] || kill -KILL "$pid" 2> /dev/null
    umount "$dir/p/parameters" "$dir/root$dir/p/parameters" 2> /dev/null
    rm -rf "$dir"
}
trap clean_up EXIT

# begin ARGUMENT...: starts the daemon, on simulated memory unless told otherwise, with all privileges, which the sanitizers need.
begin() {
    : > "$dir/log"
    "$guest" --drop-privileges=N --backend=sim --lock-directory="$dir/lock" --parameters-directory="$dir/p/parameters" "$@" 2> "$dir/log" &
    pid=$!
    within 10 logged "info: backend "
}
