# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# What tests of a daemon share, after tap.sh: $daemon is the program, $locks the directory of its lock, $pid the one that runs, and
# $dir/log what that says.

pid=''
# shellcheck disable=SC2034
told_by=log

logged() { grep -qF -e "$1" "$dir/log"; }
runs() { kill -0 "$pid"; }
ended() { ! kill -0 "$pid" 2> /dev/null || grep -q '^State:.Z' "/proc/$pid/status"; }

# It ends within a second, well.
ends() {
    kill -TERM "$pid"
    within 1 ended || return 1
    wait "$pid"
}

# It is killed, which leaves all that it has made.
killed() {
    kill -KILL "$pid"
    wait "$pid" 2> /dev/null
}

# What follows runs without privileges. The leak sanitizer needs ptrace, which is among what a daemon gives up.
without_privileges() {
    ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
    export ASAN_OPTIONS
}

# fails STATUS TEXT ARGUMENT...: another one ends at once with the status and the text.
fails() {
    wanted=$1 text=$2
    shift 2
    timeout 20 "$daemon" --lock-directory="$locks" "$@" > "$dir/out" 2> "$dir/err"
    status=$?
    if [ $status != "$wanted" ] || ! grep -qF -e "$text" "$dir/err"; then
        echo "status $status"
        cat "$dir/err"
        return 1
    fi
}
