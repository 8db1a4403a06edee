#!/bin/sh
# SPDX-License-Identifier: MIT
# The life that all daemons share, by one on simulated memory: test_daemon.sh SAMPLE HTTP_GET. Prints TAP.
# shellcheck disable=SC2086
set -u

sample=$1 get=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../support/tap.sh
. "$here/../support/tap.sh"
# shellcheck source=../support/daemon.sh
. "$here/../support/daemon.sh"
daemon=$sample locks=$dir
trap 'kill $pid 2>/dev/null; rm -rf "$dir"' EXIT

begin() {
    set_age 30s
    : > "$dir/log"
    "$sample" --lock-directory="$dir" --config="$dir/c.ini" --drop-privileges=$privileges $http \
        2> "$dir/log" &
    pid=$!
    within 10 logged "min_age 30000000"
}
port() { sed -n 's|.*http://127.0.0.1:\([0-9]*\)/metrics.*|\1|p' "$dir/log"; }

# served TEXT PATH ...: the answer to a request has the text.
served() {
    text=$1
    shift
    "$get" "$(port)" "$@" > "$dir/answer" || return 1
    grep -qF -e "$text" "$dir/answer" || { cat "$dir/answer"; return 1; }
}

set_age() { printf '[parameters]\nmin_age = %s\nenabled = Y\n[metrics]\ntextfile = %s/m.prom\ninterval = 200ms\n' "$1" "$dir" > "$dir/c.ini"; }
reload() { set_age "$1" && kill -HUP $pid && within 5 logged "$2"; }
textfile_has() { grep -qF -e "$1" "$dir/m.prom"; }
filtered() { grep -q '^Seccomp:.2' /proc/$pid/status && grep -q '^NoNewPrivs:.1' /proc/$pid/status; }
no_capabilities() { grep -q '^CapEff:.0*$' /proc/$pid/status; }

http='--metrics-http --metrics-port=0'
if "$sample" --lock-directory="$dir" --metrics-http --metrics-address=nonsense 2>&1 | grep -q 'this build lacks libmicrohttpd'; then
    echo "# this build has no metrics over HTTP"
    http=
fi

ok "--help tells the parameters" sh -c "'$sample' --help | grep -q -e '--min-age=us'"
ok "--version" "$sample" --version
ok "--check-config" "$sample" --check-config
ok "--show-config tells sources" sh -c "'$sample' --show-config --min-age=5s | grep -q '^min_age = 5s .* ; --min-age$'"
ok "an option that is none" fails 2 "--nothing: there is no such option" --nothing=1
ok "a value that is none" fails 2 "--min-age" --min-age=long
ok "a pid that is none" fails 2 '--never-pids: pids: "99999999999" is not the number of a process' --never-pids=99999999999
ok "a pid that no process has is told" fails 1 "never-reclaim list: there is no process 2000000000" --never-pids=2000000000
ok "a set that contradicts itself" fails 2 "sample_interval" --sample-interval=2s
ok "--check-config of that" fails 2 "sample_interval" --sample-interval=2s --check-config
ok "a directory for the lock that is none" fails 1 "/all/sample.lock: No such file or directory; make it, or name another" \
    --lock-directory=/nowhere/at/all

# All that happens to a running one.
life() {
    ok "it starts" begin
    ok "a second one is refused and told the first" fails 1 "the daemon runs already, as process $pid"
    ok "it writes the textfile" within 5 textfile_has 'damon_reclaim_state{state="active"}'
    if [ -n "$http" ]; then
        ok "/metrics" served "HTTP/1.1 200 OK" /metrics
        ok "has Prometheus' type" grep -qi "^content-type: text/plain; version=0.0.4" "$dir/answer"
        ok "has the state" grep -q '^damon_reclaim_state{state="' "$dir/answer"
        ok "OpenMetrics when asked for" served "application/openmetrics-text; version=1.0.0" /metrics "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
        ok "ends with EOF" grep -q '^# EOF' "$dir/answer"
        ok "anything else is not found" served "HTTP/1.1 404" /
        ok "only GET" served "HTTP/1.1 405" /metrics '*/*' POST
    fi
    ok "SIGHUP applies what is new" reload 40s "min_age 40000000"
    ok "SIGHUP with a mistake says where" reload long "c.ini:2: "
    ok "and changes nothing" within 5 logged "the configuration is unchanged"
    ok "which the metrics tell" within 5 textfile_has 'damon_reclaim_reloads_total{result="refused"} 1'
    ok "and it runs on" runs
    ok "SIGTERM ends it with 0 within a second" ends
}

privileges=N
life
# Once more, without the privileges that it gives up.
privileges=Y
without_privileges
begin
if logged "system calls are not filtered"; then
    echo "# this build has no filter of system calls"
else
    ok "system calls are filtered" filtered
fi
if logged "capabilities stay"; then
    echo "# this build does not drop capabilities"
else
    ok "no capability is left" no_capabilities
fi
killed # which frees its lock
life

finish
