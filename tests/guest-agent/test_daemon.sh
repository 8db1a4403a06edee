#!/bin/sh
# SPDX-License-Identifier: MIT
# The daemon as a whole, on simulated memory: test_daemon.sh GUEST LISTEN JSON_GET CONFINED. Prints TAP.
# shellcheck disable=SC2016
guest=$1 listen=$2 json=$3 confined=$4
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/guest-agent/daemon.sh
. "$here/daemon.sh"

# Below a root of its own: what the kernel counts, and the file that asks for compaction.
root=$dir/root
mkdir -p "$root/proc/sys/vm" "$root$dir/lock" "$dir/other"
: > "$root/proc/sys/vm/compact_memory"
refaults() { printf 'workingset_refault_anon %s\nworkingset_refault_file 0\npswpin %s\n' "$1" "$1" > "$root/proc/vmstat"; }
refaults 0

configure() {
    {
        printf '[parameters]\nmin_age = %s\nwmarks_high = 1000\nwmarks_mid = 1000\nwmarks_low = 0\n' "$1"
        printf '[agent]\nrefault_window = 1s\n[report]\nto = unix:%s\ninterval = 200ms\n' "$dir/socket"
        printf '[metrics]\ntextfile = %s\ninterval = 200ms\n[compaction]\nafter = %s\n' "$dir/m.prom" "$2"
    } > "$dir/c.ini"
}
reload() { kill -HUP "$pid" && within 5 logged "$1"; }
metric() { grep -qE -e "^damon_reclaim_$1" "$dir/m.prom"; }
told() { grep -qE -e "$1" "$dir/host"; }
lines_are_json() { grep -v '^-- ' "$dir/host" | "$json" > /dev/null; }
# last TYPE KEY: the value in the last line of the type.
last() { grep "\"type\":\"$1\"" "$dir/host" | tail -n 1 | "$json" "$2"; }
last_is() { [ "$(last "$1" "$2")" = "$3" ]; }
less_than_full() { [ "$(last stats quota_permille)" -lt 1000 ]; }

ok "--help has its own options" sh -c '"$0" --help | grep -q -e --parameters-directory' "$guest"
ok "an option that is none" fails 2 "--nothing: there is no such option" --nothing=1
ok "a place that is none" fails 2 "neither the path of a virtio-serial port" --report-to=somewhere
ok "a socket that is none" fails 2 "not vsock:CID:PORT" --report-to=vsock:2
ok "a backend that is none" fails 2 "backend" --backend=none
ok "a root without a kernel has no backend" fails 1 "/sys/kernel/mm/damon" --root="$root"

# Somebody who is not root.
nobody=''
[ "$(id -u)" != 0 ] || nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
is_refused() {
    # shellcheck disable=SC2086
    $nobody "$guest" --enabled=N 2> "$dir/err"
    [ $? = 1 ] && grep -q 'lock: Permission denied; run as root' "$dir/err"
}
# shellcheck disable=SC2086
if $nobody "$guest" --version > /dev/null 2>&1; then
    ok "who is not root is told to be it" is_refused
else
    skip "who is not root is told to be it" "another user cannot read the program"
fi

# A machine without swap, whose kernel has DAMON.
bare=$dir/bare
mkdir -p "$bare/proc" "$bare$dir/lock" "$bare/sys/kernel/mm/damon/admin/kdamonds"
echo 0 > "$bare/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds"
printf 'MemTotal: 1024 kB\nMemFree: 512 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n' > "$bare/proc/meminfo"
printf 'Filename Type Size Used Priority\n' > "$bare/proc/swaps"
printf '00100000-001fffff : System RAM\n' > "$bare/proc/iomem"
ok "a machine without swap" begin --root="$bare" --backend=damon --enabled=N
ok "is told what that means" logged "warning: swap: there is no swap: only memory of files can be reclaimed; add swap"
ok "and that there is no balloon" logged "info: free page reporting: there is no balloon device"
ok "and runs on" ends

"$listen" "$dir/socket" > "$dir/host" &
listener=$!
configure 1s 0
ok "it starts" begin --root="$root" --config="$dir/c.ini"
ok "a connection begins with hello" within 5 told '"type":"hello"'
ok "the first line" sh -c 'sed -n 2p "$0" | grep -q "\"type\":\"hello\""' "$dir/host"
ok "with the backend" within 5 last_is hello backend sim
ok "with the parameters" last_is hello parameters.min_age 1000000
ok "the state is told" within 5 told '"type":"state".*"state":"active".*"reason":"wmark_mid"'
ok "and statistics, with bytes that were reclaimed" within 20 told '"type":"stats".*"reclaimed_bytes":[1-9]'
ok "the metrics have the state" within 5 metric 'state\{state="active"\} 1'
ok "and what was reclaimed" within 5 metric 'reclaimed_bytes_total [1-9]'
ok "all of the quota is used" last_is stats quota_permille 1000

refaults 100000
ok "refaults shrink the quota" within 10 less_than_full
ok "the log says so" logged "permille of the memory reclaimed lately came back"
if logged "info: parameters: "; then
    ok "quota_sz reads as it was configured" grep -qx 134217728 "$root$dir/p/parameters/quota_sz"
else
    skip "quota_sz reads as it was configured" "no FUSE here"
fi
ok "the metrics too" within 5 metric 'backoff_ratio 0\.'
ok "and what came back" within 5 metric 'refaulted_bytes_total [1-9]'

ok "no compaction was asked for" test ! -s "$root/proc/sys/vm/compact_memory"
configure 2s 1MiB
ok "SIGHUP applies what is new" reload "the configuration was reloaded"
ok "compaction is asked for" within 20 test -s "$root/proc/sys/vm/compact_memory"
ok "with 1" grep -qx 1 "$root/proc/sys/vm/compact_memory"
ok "the metrics count it" within 5 metric 'compactions_total 1'
configure long 0
ok "SIGHUP with a mistake says where" reload "c.ini:2: "
ok "and changes nothing" logged "the configuration is unchanged"

ok "every line is JSON" lines_are_json
kill $listener
wait $listener 2> /dev/null
ok "the host goes away" within 5 logged "the connection is lost"
"$listen" "$dir/socket" > "$dir/host" &
listener=$!
ok "and comes back to another hello" within 10 told '"type":"hello"'
ok "with what is in effect" within 5 last_is hello parameters.min_age 2000000
ok "no line was lost" within 5 told '"dropped_lines":0'
ok "SIGTERM ends it within a second" ends
ok "with a bye" within 5 told '"type":"bye"'
ok "after the state" last_is state state disabled
kill $listener

ok "a dry run" begin --dry-run --min-age=1s --wmarks-high=1000 --wmarks-mid=1000 --wmarks-low=0 \
    --metrics-textfile="$dir/dry.prom" --metrics-interval=200ms
ok "finds what is cold" within 10 grep -q '^damon_reclaim_cold_bytes{min_age="1"} [1-9]' "$dir/dry.prom"
ok "reclaims nothing" grep -q '^damon_reclaim_reclaimed_bytes_total 0' "$dir/dry.prom"
ok "ends" ends
ok "with what it would have been" logged "would have been reclaimed"

# Nothing of the real machine is looked at or asked for, and refaults are those of the simulation.
: > "$dir/log"
(without_privileges; exec "$confined" "$dir/opened" "$guest" --drop-privileges=N --backend=sim --lock-directory="$dir/lock" \
    --parameters-directory= --min-age=1ms --sample-interval=1ms --aggr-interval=5ms --quota-ms=0 --wmarks-high=1000 \
    --wmarks-mid=1000 --wmarks-low=0 --compaction-after=1 --refault-window=1s --metrics-textfile="$dir/sim.prom" \
    --metrics-interval=200ms 2> "$dir/log") &
pid=$!
within 10 test -s "$dir/sim.prom"
wait_status() {
    wait "$pid"
    [ $? = 77 ]
}
if ended && wait_status; then
    skip "simulated memory without the machine" "a process cannot be traced here"
else
    ok "refaults of simulated memory are counted" within 20 grep -q '^damon_reclaim_refaulted_bytes_total [1-9]' "$dir/sim.prom"
    ok "and shrink the quota" within 10 logged "permille of the memory reclaimed lately came back"
    ok "nothing is compacted" grep -q '^damon_reclaim_compactions_total 0' "$dir/sim.prom"
    ok "nothing below /proc and /sys was opened" sh -c 'cat "$0"; ! test -s "$0"' "$dir/opened"
    ok "to its end" ends
fi

# Where there is no /dev/fuse: in a mount namespace of its own, so that only the daemon misses it.
if unshare --mount mount -t tmpfs none /dev 2> /dev/null; then
    : > "$dir/log"
    unshare --mount sh -c 'exec 2> "$2"; mount -t tmpfs none /dev && exec "$0" --drop-privileges=N --backend=sim --lock-directory="$1/other" \
        --parameters-directory="$1/p/parameters"' "$guest" "$dir" "$dir/log" &
    pid=$!
    ok "without /dev/fuse it says what is missing" within 5 logged "/dev/fuse: No such file or directory; the kernel needs FUSE"
    ok "and works" runs
    ok "to its end" ends
else
    skip "without /dev/fuse" "only root can take it away"
fi
finish
