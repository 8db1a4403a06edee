# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# What tests in shell share, which source this first. They print TAP, and have a directory of their own, which they remove.

dir=$(mktemp -d) || exit 99
# The file in it that tells more of a failure.
told_by=''
count=0 failed=0

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
        [ -z "$told_by" ] || sed "s/^/# $told_by: /" "$dir/$told_by" 2> /dev/null
    fi
}

# skip NAME REASON
skip() {
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}

# within SECONDS COMMAND...: the command succeeds at once, or when it is tried again for so many seconds.
within() {
    tries=$(($1 * 10))
    shift
    while ! "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.1
    done
}

# The last command of a test.
finish() {
    echo "1..$count"
    [ $failed -eq 0 ]
}
