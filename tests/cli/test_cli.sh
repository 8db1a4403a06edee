#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests of the program, over its command line: test_cli.sh PROGRAM JSON_GET WORKLOADS. Prints TAP.
# Lists of options are words to be split, and what stands in single quotes is for another shell.
# shellcheck disable=SC2086,SC2016
set -u

absolute() {
    echo "$(cd "$(dirname "$1")" && pwd)/${1##*/}"
}

cli=$(absolute "$1") json=$(absolute "$2") workloads=$(absolute "$3")
[ -x "$cli" ] && [ -x "$json" ] && [ -d "$workloads" ] || exit 99
# shellcheck source=../support/tap.sh
. "$(dirname "$0")/../support/tap.sh"
told_by=err
sleepers='' pid=''
trap 'kill $sleepers $pid 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 99

# run ARGUMENT...: runs the program; leaves out, err and $status.
run() {
    "$cli" "$@" >out 2>err </dev/null
    status=$?
}

# expect STATUS TEXT ARGUMENT...: the program ends with the status and says the text on stderr.
expect() {
    wanted=$1 text=$2
    shift 2
    run "$@"
    [ "$status" = "$wanted" ] || { echo "status $status, not $wanted"; return 1; }
    grep -qF -e "$text" err || { echo "stderr lacks: $text"; return 1; }
}

# A short run of simulated memory.
cat >small.cfg <<'END'
hot, 4194304
cold, 12582912, data

fill
500
hot, 0, 4096, 1
cold, 0, 4096, 1

use
7500
hot, 1, 0, 1
END
sim='run --workload small.cfg --no-watermarks --min_age=2s --quota_ms=0'

value() {
    "$json" "$1" <out
}

# value_is KEY VALUE
value_is() {
    got=$(value "$1") || return 1
    [ "$got" = "$2" ] || { echo "$1 is $got, not $2"; return 1; }
}

# at_least A B
at_least() {
    [ "$1" -ge "$2" ] || { echo "$1 < $2"; return 1; }
}

usage() {
    ok 'no command' expect 2 'usage: damon-reclaim COMMAND'
    ok 'an unknown command' expect 2 'there is no command "reclaim"' reclaim
    ok 'an unknown option' expect 2 "--frobnicate: there is no such option; --help lists them" run --frobnicate
    ok 'an option of another command' expect 2 "--workload: there is no such option" probe --workload=x
    ok 'a word too many' expect 2 'fast: is neither --NAME=VALUE nor damon_reclaim.NAME=VALUE' run --workload small.cfg fast
    ok 'a word too many for version' expect 2 '1: is neither' version 1
    ok 'a duration that is none' expect 2 '--duration: duration: "soon" is not a time' run --duration=soon
    ok 'a duration without a unit' expect 2 '"30" has no unit; write us, ms, s, min, h or d behind it, like 30s' run --duration 30
    ok 'an option in the place of a value' expect 2 '--workload: a value is missing' run --workload --quiet
    ok 'a rate with a unit' expect 2 '--rate: rate: "1k" is not a number' run --rate=1k
    ok 'processes in a simulation' expect 2 'simulated memory has no processes' run --workload small.cfg --pid 1
    ok 'no NAME=VALUE' expect 2 '--set: "min_age" is not NAME=VALUE' run --set min_age
    run run --help
    ok 'help succeeds' [ "$status" = 0 ]
    for name in $("$cli" params | sed -e 1d -e '/(read only)$/d' -e 's/ .*//'); do
        ok "help tells of $name" grep -q -e "--$(echo "$name" | tr _ -)=" out
    done
    run --version
    ok '--version' grep -q '^damon-reclaim [0-9]*\.[0-9]*\.[0-9]*, library ' out
}

bad_values() {
    ok 'a malformed value' expect 2 'min_age' run --workload small.cfg --min_age=abc
    ok 'a negative value' expect 2 'quota_sz' run --workload small.cfg --quota-sz=-1
    ok 'a value out of range' expect 2 'wmarks_high' run --workload small.cfg --wmarks_high=1001
    ok 'an unknown parameter' expect 2 'nosuch' run --workload small.cfg --set nosuch=1
    ok 'a counter' expect 2 'nr_quota_exceeds' run --workload small.cfg --set nr_quota_exceeds=1
    ok 'a contradictory set' expect 2 'nr_regions' run --workload small.cfg --min_nr_regions=50 --max_nr_regions=40
    ok 'a switch that is off' expect 2 'enabled=N' run --workload small.cfg --enabled=N
    ok 'an unknown backend' expect 3 'nosuch' run --backend nosuch --pid 1
    ok 'a missing workload' expect 2 'none.cfg: No such file' run --workload none.cfg
    printf 'a, 4096\n\nphase\n10\nb, 0, 1, 1\n' >bad.cfg
    ok 'a malformed workload' expect 2 'bad.cfg:5: no region is called "b"' run --workload bad.cfg
    ok 'a missing config' expect 2 'none.conf: No such file' run --workload small.cfg --config none.conf
    printf '# fine\nmin_age=3s\nquota_ms\n' >bad.conf
    ok 'a malformed config' expect 2 'bad.conf:3: "quota_ms" is neither NAME = VALUE' run --workload small.cfg --config bad.conf
    printf '\nmin_age = forever\n' >bad.conf
    ok 'a bad value in a config' expect 2 'bad.conf:2: ' run --workload small.cfg --config bad.conf
}

parameters() {
    printf '# a config\n\n  min_age = 1s\r\ndamon_reclaim.quota_sz=0x100000\nskip-anon=Y\n' >good.conf
    run $sim --json --config good.conf --duration 1s
    ok 'a config is read' value_is parameters.quota_sz 1048576
    ok 'its booleans too' value_is parameters.skip_anon true
    ok 'the command line counts more' value_is parameters.min_age 2000000
    run $sim --json --duration 1s --sample-interval=10ms --set aggr_interval=200ms damon_reclaim.wmarks_mid=900 --skip_anon
    ok 'dashes for underscores' value_is parameters.sample_interval 10000
    ok '--set' value_is parameters.aggr_interval 200000
    ok 'a word' value_is parameters.wmarks_mid 900
    ok 'a boolean without value' value_is parameters.skip_anon true
    ok 'later than --no-watermarks' value_is parameters.wmarks_high 1000
}

simulation() {
    run $sim
    ok 'a run succeeds' [ "$status" = 0 ]
    ok 'nothing is drawn where there is no terminal' [ ! -s err ]
    ok 'the summary tells the truth' grep -q 'truth  *cold 12.0 MiB: reclaimed 1[12]\.[0-9] MiB' out
    run $sim --quiet
    ok '--quiet is quiet' [ "$status,$(cat out err)" = 0, ]
    run $sim --json
    ok 'every line is JSON' "$json" <out
    ok 'a line an aggregation and one more' [ "$("$json" <out)" = $(($(value nr_aggregations) + 1)) ]
    ok 'the last line is the summary' value_is summary true
    for key in time state nr_regions bytes_reclaimed_regions nr_reclaim_tried_regions nr_quota_exceeds effective_quota; do
        ok "the first line has $key" sh -c 'head -n 1 out | "$1" "$2"' - "$json" "$key"
    done
    ok 'the truth: cold' value_is truth.cold 12582912
    ok 'the truth: found' at_least "$(value truth.cold_reclaimed)" 11953766
    ok 'the truth: no regret' value_is truth.regretted 0
    ok 'the counters agree with it' value_is bytes_reclaimed_regions "$(value truth.reclaimed)"
    ok 'it ends with the workload' sh -c 'case $1 in 8.*) ;; *) false;; esac' - "$(value time)"
    grep -v '"summary"' out | sed 's/"[a-z_]*cpu_ns":[0-9]*,*//g' >first
    run $sim --json
    grep -v '"summary"' out | sed 's/"[a-z_]*cpu_ns":[0-9]*,*//g' >second
    ok 'the same seed, the same run' cmp first second
    run $sim --json --seed 2
    grep -v '"summary"' out | sed 's/"[a-z_]*cpu_ns":[0-9]*,*//g' >third
    ok 'another seed, another run' sh -c '! cmp -s first third'
    run $sim --json --duration 100s
    ok '--duration goes on without accesses' value_is truth.cold 16777216
    run $sim --json --duration 2.5s
    ok '--duration may have a fraction' sh -c 'case $1 in 2.5*) ;; *) false;; esac' - "$(value time)"
    run run --workload small.cfg --memory 1GiB
    ok 'watermarks that prevent the work are named' grep -q -e '--no-watermarks works' out
    run run --backend sim --duration 1s
    ok 'the built-in workload, when asked for' [ "$status" = 0 ]
    "$cli" $sim --workload - <small.cfg >out 2>err
    ok 'a workload from stdin' grep -q 'truth  *cold 12.0 MiB' out
    if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
        script -qec "$cli $sim --duration 20000s" /dev/null >out 2>&1 </dev/null
        ok 'progress is drawn on a terminal' grep -q 'active  16.0 MiB in [0-9]* regions  cold ' out
    else
        skip 'progress is drawn on a terminal' 'there is no script(1), or no terminal for it'
    fi
    # More than a pipe holds, or it would be done before the reader has gone.
    { "$cli" $sim --json --duration 2000s 2>err; echo $? >status; } | head -n 1 >out
    ok 'a reader that goes away' [ "$(cat status)" = 1 ]
    ok 'and that is said' grep -q 'stdout: ' err
}

filters() {
    run $sim --json --filter 'reject anon'
    ok 'a filter lets pass what it does not match' value_is bytes_reclaimed_regions 12582912
    run $sim --json --filter 'reject not anon'
    ok 'and leaves what it rejects' value_is bytes_reclaimed_regions 0
    run $sim --json --filter 'reject addr 0-0xffffffffffffffff'
    ok 'a filter of addresses' value_is bytes_reclaim_tried_regions 0
    run $sim --json --filter 'allow not addr 0-16TiB' --filter 'reject addr 0-1B'
    ok 'filters in their order' [ "$status" = 0 ]
    ok 'an empty rule' expect 2 'does not begin with reject or allow' $sim --filter ''
    ok 'a rule that says nothing' expect 2 'the kind of memory is missing' $sim --filter 'allow not'
    ok 'a rule of something else' expect 2 'there is no kind of memory "swapped"' $sim --filter 'allow swapped'
    ok 'a rule without its argument' expect 2 'addr is followed by START-END' $sim --filter 'allow addr'
    ok 'a rule with a word too many' expect 2 'anon is followed by nothing' $sim --filter 'allow anon pages'
    ok 'a range that is none' expect 2 'addr is followed by START-END' $sim --filter 'allow addr 5'
    ok 'a range backwards' expect 2 'filters[1].start' $sim --filter 'reject anon' --filter 'reject addr 0x20-0x10'
    ok 'a target that is none' expect 2 'target is followed by N' $sim --filter 'reject target x'
    ok 'a filter that the backend lacks' expect 2 'cannot decide memcg' $sim --filter 'reject memcg /a'

    run $sim --json --exclude range:0x0-0xfffffffffffff000
    ok 'an excluded range' value_is bytes_reclaim_tried_regions 0
    ok 'an exclusion of nothing' expect 2 '--exclude=pid: not pid:N' $sim --exclude pid
    ok 'a pid that is none' expect 2 '--exclude=pid:x: not pid:N' $sim --exclude pid:x
    ok 'a pid that no process has' expect 2 '--exclude=pid:2000000000: there is no such process' $sim --exclude pid:2000000000
    ok 'a range that is none, excluded' expect 2 '--exclude=range:1: not' $sim --exclude range:1
    ok 'what the backend cannot exclude' expect 2 'exclusions[1].pid' $sim --exclude range:0-1 --exclude pid:1
    ok 'a command it cannot either' expect 2 'exclusions[0].command' $sim --exclude command:init
    ok 'nor a cgroup' expect 2 'exclusions[0].cgroup' $sim --exclude cgroup:/a
}

# Of 64 MiB, 16 are always in use, 16 for 4 s in every 24, and 32 once. Each of these ages from 1 s to 10 s would reclaim
# 32 + 4 x 16 MiB, of which 4 x 16 are used again; from 30 s on it is the 32 MiB alone.
advice_workload() {
    printf '%s\n' 'always, 16777216' 'now and then, 16777216' 'once, 33554432' '' 'all of it' 500 \
        'always, 1, 4096, 1' 'now and then, 1, 4096, 1' 'once, 1, 4096, 1'
    for _ in 1 2 3 4; do
        printf '%s\n' '' without 20000 'always, 1, 4096, 1' '' with 4000 'always, 1, 4096, 1' 'now and then, 1, 4096, 1'
    done
}

# near KEY VALUE TOLERANCE: a number of the last line of out.
near() {
    got=$(value "$1") || return 1
    awk "BEGIN { exit !($got >= $2 - $3 && $got <= $2 + $3) }" || { echo "$1 is $got, not near $2"; return 1; }
}

advice() {
    advice_workload >now_and_then.cfg
    for seed in 0 1 2; do
        run advise --workload now_and_then.cfg --json --seed $seed
        ok "advice with seed $seed" [ "$status" = 0 ]
        for age in 2s 5s 10s; do
            ok "what $age would reclaim" near ages.$age.bytes_reclaimed 100663296 4194304
            ok "what of it is used again" near ages.$age.bytes_reused 67108864 4194304
            ok "and its share" near ages.$age.reused 0.667 0.02
        done
        ok 'what half a minute would reclaim' near ages.30s.bytes_reclaimed 33554432 1677722
        ok 'next to nothing of it is used again' near ages.30s.reused 0.01 0.01
        ok 'what is cold now' near ages.10s.bytes_cold 33554432 1677722
        ok 'what is not known yet' near ages.1min.bytes_pending 33554432 1677722
        ok 'of an hour nothing is known' value_is ages.1h.reused null
        ok 'the advice' value_is min_age 30000000
    done
    run advise --workload now_and_then.cfg --json --tolerance 70
    ok 'the advice of the tolerant' value_is min_age 1000000
    run advise --workload now_and_then.cfg --json --duration 20s --tolerance 0.1
    ok 'nothing was used again yet' near ages.5s.bytes_reused 0 1048576
    run advise --workload now_and_then.cfg --json --interval 10s
    ok 'a line each time' [ "$("$json" <out)" -ge 10 ]
    ok 'the last one is the summary' value_is summary true
    ok 'and says why it ended' value_is end 'the time is up'
    sed -n 1p out >line
    mv line out
    ok 'the first is not' value_is summary false
    run advise --workload now_and_then.cfg
    ok 'advice for people' grep -q '^advice: min_age=30s, of which at most 2.0 % is used again$' out
    ok 'with a line for each age' [ "$(grep -c ' [KMG]*i*B .* [%-]*$' out)" = 11 ]
    run advise --workload now_and_then.cfg --duration 30s --tolerance 0
    ok 'no advice, and why' grep -q '^no advice: .*watch for longer' out
    start advise --workload now_and_then.cfg --interval 1000s --duration 10000d
    stop INT
    ok 'SIGINT ends it well' [ "$status" = 0 ]
    ok 'with what is known' grep -q 'interrupted$' out
    ok 'a tolerance that is none' expect 2 '"2x" is not a percentage, like 2 or 0.5' advise --tolerance=2x
    ok 'one that is above all' expect 2 '"100.1" is not a percentage' advise --tolerance=100.1
    ok 'advice reclaims nothing anyway' expect 2 "--dry-run: there is no such option" advise --dry-run

    run $sim --json --dry-run
    ok 'a dry run' value_is dry_run true
    ok 'counts what it would try' at_least "$(value bytes_reclaim_tried_regions)" 12582912
    ok 'and reclaims nothing' value_is truth.reclaimed 0
    ok 'but knows what would go' near bytes_cold 12582912 1258291
    run $sim --json
    ok 'any other run is wet' value_is dry_run false
    run $sim --dry-run --filter 'allow anon'
    ok 'a dry run with a filter' [ "$status" = 0 ]
    ok 'and says so' grep -q 'nothing was reclaimed; 1[0-9.]* MiB are cold now' out
}

workload_files() {
    for file in "$workloads"/*.cfg; do
        run run --workload "$file" --no-watermarks --min_age=5s --duration 30s --json
        ok "${file##*/} runs" [ "$status" = 0 ]
        ok "${file##*/} is watched" at_least "$(value nr_aggregations)" 200
    done
}

# start ARGUMENT...: runs the program behind our back until it has said something on stdout; leaves $pid.
start() {
    : >out
    : >err
    "$cli" "$@" >>out 2>>err </dev/null &
    pid=$!
    wait_for out .
}

# wait_for FILE TEXT: up to ten seconds.
wait_for() {
    within 10 grep -q -e "$2" "$1" 2>/dev/null
}

# stop SIGNAL: leaves $status.
stop() {
    kill -"$1" "$pid"
    wait "$pid"
    status=$?
    pid=''
}

signals() {
    start $sim --json --duration 10000d
    stop INT
    ok 'SIGINT ends a run well' [ "$status" = 0 ]
    ok 'with its summary' value_is summary true
    ok 'which tells why' value_is end interrupted
    start $sim --json --duration 10000d
    stop TERM
    ok 'SIGTERM too' value_is end terminated
    echo 'quota_sz=1MiB' >live.conf
    start $sim --json --duration 10000d --config live.conf
    echo 'quota_sz=2MiB' >live.conf
    kill -HUP "$pid"
    ok 'SIGHUP reads the config again' wait_for err 'live.conf: reloaded'
    printf 'quota_sz=4MiB\nmin_nr_regions=2000\n' >live.conf
    kill -HUP "$pid"
    ok 'a contradictory one is refused' wait_for err 'live.conf: nothing has changed'
    ok 'and its culprit named' grep -q 'nr_regions' err
    : >err
    printf 'quota_sz=4MiB\nquota_ms=x\n' >live.conf
    kill -HUP "$pid"
    ok 'a malformed one too' wait_for err 'live.conf: nothing has changed'
    ok 'with its line' grep -q 'live.conf:2: quota_ms' err
    stop TERM
    ok 'the run went on' [ "$status" = 0 ]
    ok 'with what was good' value_is parameters.quota_sz 2097152
    start $sim --json --duration 10000d
    kill -HUP "$pid"
    ok 'SIGHUP without a config is harmless' wait_for err 'there is no --config'
    stop TERM
}

backends() {
    mkdir -p empty/proc
    ok 'no backend' expect 3 'no backend works here' run --root empty
    ok 'each is named with its cure' grep -q 'damon: .*CONFIG_DAMON_SYSFS.*idle-page: .*CONFIG_IDLE_PAGE_TRACKING' err
    ok 'simulation is no fallback' grep -q 'or simulate memory with --workload' err
    ok 'nothing was done' [ ! -s out ]
    ok 'nor with a process' expect 3 'no backend works here' run --root empty --pid $$
    for option in --take-over --monitor-only --damon-operations=paddr; do
        ok "$option of another backend" expect 2 'are for --backend damon' run --backend idle-page $option
    done
    ok 'operations that there are not' expect 2 '"taddr" is none of paddr' run --root empty --damon-operations=taddr
    ok 'the largest range of a process' expect 2 '--largest-ram is for physical memory' run --largest-ram --pid $$
    ok 'a backend that lacks something' expect 3 '/sys/kernel/mm/page_idle/bitmap' run --root empty --backend idle-page --pid $$
    ok 'simulation options of another backend' expect 2 'are for --backend sim' run --backend idle-page --rate 1
    run probe --root empty
    ok 'probe: none works' [ "$status" = 3 ]
    ok 'probe: the cure' grep -q 'CONFIG_IDLE_PAGE_TRACKING' out
    ok 'probe: one line a backend, one a missing feature' sh -c '! grep -vE "^(damon|idle-page|sim|free page reporting): |^    missing " out'
    ok 'probe: no balloon' grep -q '^free page reporting: there is no balloon device.*free-page-reporting=on' out
    run probe --root empty --verbose
    cp out long
    ok 'probe: --verbose tells more' sh -c 'grep -qvE "^(damon|idle-page|sim|free page reporting): |^    missing " long'
    run probe --root empty --json
    ok 'probe: JSON' "$json" -a <out
    tr -d '\n' <out >line
    mv line out
    ok 'probe: JSON of a backend' value_is idle-page.works false
    ok 'probe: its reason' sh -c '"$1" idle-page.reason <out | grep -q CONFIG_IDLE_PAGE_TRACKING' - "$json"
    ok 'probe: JSON of a missing feature' value_is idle-page.features.goal:some_mem_psi_us.works false
    mkdir -p giving/proc
    printf 'Filename Type Size Used Priority\n/dev/vda partition 1024 0 -2\n' >giving/proc/swaps
    run probe --root giving
    ok 'probe: what the swap lacks' grep -q '^swap on /dev/vda: missing: .*use zram or zswap' out
    run probe --root giving idle-page
    ok 'probe: not asked for' sh -c '! grep -q swap out'
    run probe --root giving --json
    ok 'probe: JSON of the swap' sh -c 'tr -d "\n" <out | grep -q "\"swap on /dev/vda\", *\"verdict\": \"missing\""'
    mkdir -p stat/sys/kernel/mm/damon/admin/kdamonds stat/sys/module/damon_stat/parameters
    echo 0 >stat/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds
    echo Y >stat/sys/module/damon_stat/parameters/enabled
    run probe --root stat damon
    ok 'probe: DAMON_STAT is in the way' [ "$status" = 3 ]
    ok 'probe: it is named, with the option' grep -q 'damon_stat.*--take-over' out
    run probe --root stat --take-over damon
    ok 'probe: --take-over takes it into account' [ "$status" = 0 ]
    ok 'probe: nothing was changed' grep -qx Y stat/sys/module/damon_stat/parameters/enabled
    run probe sim
    ok 'probe: sim works' [ "$status" = 0 ]
    ok 'probe: an unknown one' expect 2 'no backend "nosuch"' probe nosuch
    run params
    ok 'params: all of them' [ "$(wc -l <out)" -ge 25 ]
    run params --json
    ok 'params: JSON' "$json" -a <out
}

# A /proc and /sys that follow real processes, with a bitmap and pagemaps of zeros: nothing in them can be reclaimed.
fake_root() {
    mkdir -p root/sys/kernel/mm/page_idle root/sys/fs/cgroup/a/b root/proc/self
    cp /proc/meminfo root/proc/
    ln -s /proc/self/pagemap root/proc/self/pagemap
    truncate -s 1G root/sys/kernel/mm/page_idle/bitmap root/proc/kpageflags
    : >root/sys/fs/cgroup/a/cgroup.procs
    : >root/sys/fs/cgroup/a/b/cgroup.procs
    cp "$(command -v sleep)" sleeper
}

# sleeper: starts a process that the fake root shows; leaves $sleeper.
sleeper() {
    ./sleeper 300 &
    sleeper=$!
    sleepers="$sleepers $sleeper"
    until [ "$(cat "/proc/$sleeper/comm")" = sleeper ]; do sleep 0.1; done
    mkdir "root/proc/$sleeper"
    for file in stat status maps comm; do
        cat "/proc/$sleeper/$file" >"root/proc/$sleeper/$file"
    done
    truncate -s 512G "root/proc/$sleeper/pagemap"
}

# gone PID: ends a process that was started here.
gone() {
    kill "$1"
    wait "$1" 2>/dev/null
    sleepers=$(echo "$sleepers " | sed "s/ $1 / /")
    rm -r "root/proc/$1"
}

# targets N: until there are so many.
targets() {
    : >out
    wait_for out "\"nr_targets\":$1,"
}

processes() {
    fake_root
    if ! "$cli" probe --root root idle-page >why 2>&1; then
        skip 'processes as they come and go' "$(sed -n 2p why)"
        return
    fi
    live='run --root root --backend idle-page --no-watermarks --json'
    ok 'no such process' expect 4 'pid 4194305: no such process' $live --pid 4194305
    ok 'no process number' expect 2 '--pid=-1: not a process number' $live --pid=-1
    ok 'no process of the name' expect 4 '--wait waits for one' $live --comm sleeper
    ok 'no such cgroup' expect 4 '/sys/fs/cgroup/none: No such file' $live --cgroup none

    sleeper
    first=$sleeper
    start $live --pid "$first"
    ok 'a process by its number' targets 1
    gone "$first"
    wait "$pid"
    pid=''
    ok 'its end is the end of the run' value_is end 'nothing is left to watch'

    start $live --comm sleeper --wait
    sleeper
    first=$sleeper
    ok '--wait waits for a process' targets 1
    sleeper
    ok 'a second one is found' targets 2
    gone "$first"
    ok 'one that exits is let go' targets 1
    rm "root/proc/$sleeper/comm"
    ok 'one that has another name now, too' targets 0
    stop TERM
    ok 'without a word of complaint' [ "$status$(cat err)" = 0 ]

    ok 'a process that is excluded' expect 4 "pid $sleeper: is excluded" $live --pid "$sleeper" --exclude "pid:$sleeper"
    echo sleeper >"root/proc/$sleeper/comm"
    start $live --comm sleeper --wait --exclude command:sleeping
    ok 'a process of a name' targets 1
    printf 'sleeping\n' >"root/proc/$sleeper/comm"
    ok 'which gets one that is excluded' targets 0
    stop TERM
    ok 'is let go without a word' [ "$status$(cat err)" = 0 ]

    echo "$sleeper" >root/sys/fs/cgroup/a/b/cgroup.procs
    start $live --cgroup a --wait --exclude command:nobody
    ok 'a process of a cgroup, not yet excluded' targets 1
    printf 'nobody\n' >"root/proc/$sleeper/comm"
    ok 'is let go when it is' targets 0
    stop TERM
    ok 'without a word, too' [ "$status$(cat err)" = 0 ]
    start $live --cgroup a
    ok 'a process of a cgroup below' targets 1
    : >root/sys/fs/cgroup/a/b/cgroup.procs
    ok 'which leaves it' targets 0
    stop TERM
    echo "$sleeper" >root/sys/fs/cgroup/a/b/cgroup.procs
    start $live --cgroup /sys/fs/cgroup/a/b
    ok 'a cgroup by its path' targets 1
    stop TERM
    gone "$sleeper"
}

# A program that enabled the backend damon and was killed: it has left a kdamond, number 700, and the record of it.
leave_behind() {
    mkdir -p left/run/damon-reclaim left/proc/sys/kernel/random "left/proc/$1" left/sys/kernel/mm/damon/admin/kdamonds
    echo boot >left/proc/sys/kernel/random/boot_id
    printf 'boot boot\npid %s\nstart %s\nkdamond 700\nmark 5\ndamon_stat 0\n' "$1" "$2" >left/run/damon-reclaim/record
    intervals=left/sys/kernel/mm/damon/admin/kdamonds/0/contexts/0/monitoring_attrs/intervals
    mkdir -p "$intervals"
    echo 60000005 >"$intervals/update_us"
    echo 1 >left/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds
    echo on >left/sys/kernel/mm/damon/admin/kdamonds/0/state
    echo 700 >left/sys/kernel/mm/damon/admin/kdamonds/0/pid
    echo "$1 (reclaimer) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 777 0 0" >"left/proc/$1/stat"
}

cleaning_up() {
    mkdir empty-run
    run cleanup --root empty-run
    ok 'cleanup: nothing' [ "$status" = 0 ]
    ok 'cleanup: says so' grep -q 'nothing is left' out
    leave_behind 4711 777
    run cleanup --root left
    ok 'cleanup: its program lives' [ "$status" = 0 ]
    ok 'cleanup: names it' grep -q 'pid 4711' out
    ok 'cleanup: leaves it alone' grep -q on left/sys/kernel/mm/damon/admin/kdamonds/0/state
    leave_behind 4711 700 # another process has its pid now
    chmod 666 left/run/damon-reclaim/record
    ok 'cleanup: a record of anybody' expect 1 'could have written it' cleanup --root left
    ok 'cleanup: is not believed' grep -q on left/sys/kernel/mm/damon/admin/kdamonds/0/state
    chmod 600 left/run/damon-reclaim/record
    run cleanup --root left
    ok 'cleanup: it was killed' [ "$status" = 0 ]
    ok 'cleanup: the thread is off' grep -q off left/sys/kernel/mm/damon/admin/kdamonds/0/state
    ok 'cleanup: the directories are gone' grep -q 0 left/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds
    ok 'cleanup: the record is gone' [ ! -e left/run/damon-reclaim/record ]
}

usage
cleaning_up
bad_values
parameters
simulation
filters
advice
workload_files
signals
backends
processes
finish
