# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# What the tests of the daemon share; they are run by the shell with $guest set to the program. TAP on stdout.

# The tests change the directory.
guest=$(realpath "$guest")
dir=$(mktemp -d) || exit 99
pid=''
count=0 failed=0
mkdir "$dir/lock"

clean_up() {
    [ -z "$pid" ] || kill -KILL "$pid" 2> /dev/null
    umount "$dir/p/parameters" "$dir/root$dir/p/parameters" 2> /dev/null
    rm -rf "$dir"
}
trap clean_up EXIT

# ok NAME COMMAND...: the command succeeds.
ok() {
    name=$1
    shift
    count=$((count + 1))
    if "$@" > "$dir/ok.out" 2>&1; then
        echo "ok $count - $name"
    else
        failed=$((failed + 1))
        echo "not ok $count - $name"
        sed 's/^/# /' "$dir/ok.out"
        sed 's/^/# log: /' "$dir/log" 2> /dev/null
    fi
}

skip() {
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}

# within SECONDS COMMAND...: the command succeeds before so many seconds have passed.
within() {
    tries=$(($1 * 10))
    shift
    while ! "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.1
    done
}

logged() { grep -qF -e "$1" "$dir/log"; }
runs() { kill -0 "$pid"; }

# begin ARGUMENT...: starts the daemon on simulated memory, with all privileges, which the sanitizers need.
begin() {
    : > "$dir/log"
    "$guest" --drop-privileges=N --backend=sim --lock-directory="$dir/lock" --parameters-directory="$dir/p/parameters" "$@" 2> "$dir/log" &
    pid=$!
    within 10 logged "info: backend sim"
}

ended() { ! kill -0 "$pid" 2> /dev/null || grep -q '^State:.Z' "/proc/$pid/status"; }

ends() {
    kill -TERM "$pid"
    within 1 ended || return 1
    wait "$pid"
}

# fails STATUS TEXT ARGUMENT...: the daemon ends at once with the status and the text.
fails() {
    wanted=$1 text=$2
    shift 2
    "$guest" --lock-directory="$dir/lock" "$@" > "$dir/out" 2> "$dir/err"
    status=$?
    if [ $status != "$wanted" ] || ! grep -qF -e "$text" "$dir/err"; then
        echo "status $status"
        cat "$dir/err"
        return 1
    fi
}
