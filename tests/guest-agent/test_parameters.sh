#!/bin/bash
# SPDX-License-Identifier: MIT
# The mounted directory with the module's files: test_parameters.sh GUEST. Prints TAP.
# It is bash's echo that tells what a write has come to.
guest=$1
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/guest-agent/daemon.sh
. "$here/daemon.sh"
parameters=$dir/p/parameters

begin --wmarks-high=1000 --wmarks-mid=1000 --wmarks-low=0 --min-age=1s
if ! within 5 logged "info: parameters: $parameters"; then
    echo "1..0 # SKIP $(grep 'is not mounted' "$dir/log")"
    exit 0
fi
cd "$parameters" || exit 99

begin_mounted() {
    begin && within 5 logged "info: parameters: $parameters"
}

# The commands of the kernel's document, without the cd.
document() {
    echo 30000000 > min_age &&
    echo $((1 * 1024 * 1024 * 1024)) > quota_sz &&
    echo 1000 > quota_reset_interval_ms &&
    echo 500 > wmarks_high &&
    echo 400 > wmarks_mid &&
    echo 200 > wmarks_low &&
    echo Y > enabled
}

# reads FILE TEXT: all of the file is the text and a newline.
reads() {
    printf '%s\n' "$2" > "$dir/wanted"
    cat "$1" > "$dir/is" && diff "$dir/wanted" "$dir/is"
}

# refused MESSAGE FILE VALUE: a write fails with the message.
refused() {
    ! { printf '%s' "$3" > "$2"; } 2> "$dir/refused" && grep -F "$1" "$dir/refused"
}
einval() { refused "Invalid argument" "$@"; }

modes() {
    for file in *; do
        case $file in
        kdamond_pid | nr_* | bytes_*) wanted=400 ;;
        *) wanted=600 ;;
        esac
        [ "$(stat -c %a:%u:%g "$file")" = "$wanted:$(id -u):$(id -g)" ] || { stat "$file"; return 1; }
    done
}

# As in the module's document, which has 26 of them.
names() {
    printf '%s\n' addr_unit aggr_interval autotune_monitoring_intervals bytes_reclaim_tried_regions bytes_reclaimed_regions \
        commit_inputs enabled kdamond_pid max_nr_regions min_age min_nr_regions monitor_region_end monitor_region_start \
        nr_quota_exceeds nr_reclaim_tried_regions nr_reclaimed_regions quota_autotune_feedback quota_mem_pressure_us quota_ms \
        quota_reset_interval_ms quota_sz sample_interval skip_anon wmarks_high wmarks_interval wmarks_low wmarks_mid > "$dir/names"
    LC_ALL=C ls > "$dir/ls" && diff "$dir/names" "$dir/ls"
}

grows() { [ "$(cat bytes_reclaimed_regions)" -gt 0 ]; }
one_by_one() { IFS= read -r value < min_age && [ "$value" = "$(cat min_age)" ]; }
grow_from() { now=$(cat "$1") && [ "$now" -gt "$2" ]; }
unmounted() { ! grep -F " $parameters " /proc/mounts; }
others() { ! setpriv --reuid=65534 --regid=65534 --clear-groups ls "$parameters" 2> "$dir/others" && grep "Permission denied" "$dir/others"; }

ok "the module's files" names
ok "their modes and owner" modes
ok "it begins enabled, with what it was told" reads enabled Y
ok "min_age of the command line" reads min_age 1000000
ok "memory is reclaimed" within 20 grows
ok "kdamond_pid is that of who works" reads kdamond_pid "$pid"
ok "quota_ms has the module's default" reads quota_ms 10

ok "the commands of the kernel's document" document
ok "min_age is staged" reads min_age 30000000
ok "quota_sz too" reads quota_sz 1073741824
ok "commit_inputs takes Y" sh -c 'echo Y > commit_inputs'
ok "and reads N" reads commit_inputs N
ok "it works on" reads enabled Y

ok "a write without newline" sh -c 'printf 40000000 > min_age'
ok "counts" reads min_age 40000000
ok "hexadecimal" sh -c 'echo 0x10 > quota_ms'
ok "counts" reads quota_ms 16
ok "appending is writing" sh -c 'echo 50000000 >> min_age'
ok "counts" reads min_age 50000000
ok "reading byte by byte" one_by_one
for value in $'\n' x 30s -1 +1 "1 2" " 1" 1.5 99999999999999999999 $'1\n\n'; do
    ok "min_age cannot be ${value@Q}" einval min_age "$value"
done
ok "nor a NUL" bash -c '! printf "1\0" > min_age'
ok "nor 5000 digits" einval min_age "$(printf '%05000d' 1)"
ok "skip_anon cannot be 2" einval skip_anon 2
ok "enabled cannot be maybe" einval enabled maybe
ok "commit_inputs cannot be maybe" einval commit_inputs maybe
ok "min_age is what it was" reads min_age 50000000
ok "kdamond_pid cannot be written, by root either" refused "Permission denied" kdamond_pid 1
ok "nor a counter" refused "Permission denied" nr_quota_exceeds 0
ok "no file can be made" bash -c '! touch new'
ok "none can go" bash -c '! rm -f min_age'
ok "modes stay" bash -c '! chmod 644 min_age'
if [ "$(id -u)" -eq 0 ]; then
    ok "nobody else gets in" others
else
    skip "nobody else gets in" "only root can become somebody else"
fi

ok "N disables" sh -c 'echo N > enabled'
ok "at once" reads enabled N
ok "nobody works" reads kdamond_pid -1
ok "Y enables" sh -c 'echo Y > enabled'
ok "at once" reads enabled Y

ok "a contradiction can be staged" sh -c 'echo 100 > wmarks_high'
ok "its commit fails" einval commit_inputs Y
ok "and disables, as the module does" reads enabled N
ok "the log tells which parameter" logged "wmarks_mid: 400 is above wmarks_high 100"
ok "it does not enable" einval enabled Y
ok "once repaired" sh -c 'echo 1000 > wmarks_high; echo 1000 > wmarks_mid; echo 0 > wmarks_low'
ok "it does" sh -c 'echo on > enabled'
ok "and reads Y" reads enabled Y

cd / || exit 99
ok "SIGTERM ends it within a second" ends
ok "nothing stays mounted, and no directory" test ! -e "$dir/p"

begin_mounted
exec 9< "$parameters/min_age"
ok "SIGTERM while a file is open" ends
exec 9<&-
ok "nothing stays mounted" test ! -e "$dir/p"

begin_mounted
stat "$parameters" > /dev/null # the kernel remembers what it was told
killed
ok "SIGKILL leaves a dead directory" bash -c "! ls '$parameters' 2> /dev/null"
ok "the next start clears it" begin
ok "says so" logged "unmounted the directory of a killed daemon"
ok "and mounts anew" within 5 test -e "$parameters/min_age"
mkdir "$dir/other"
ok "a second instance is refused" fails 1 "the daemon runs already, as process $pid" --backend=sim
"$guest" --backend=sim --lock-directory="$dir/other" --parameters-directory="$parameters" 2> "$dir/second" &
second=$!
ok "what is mounted by somebody else stays" within 5 grep -q "something is mounted there already" "$dir/second"
kill $second
ok "somebody unmounts it" umount "$parameters"
ok "which is logged" within 5 logged "it was unmounted by somebody else"
ok "and outlived" runs
ok "the end of that" ends
ok "leaves no directory, though a killed daemon had made it" test ! -e "$dir/p"

mkdir "$dir/p"
begin_mounted
killed
begin_mounted
ok "the end of one after a killed one, in a directory of the administrator's" ends
ok "leaves that, empty" rmdir "$dir/p"

# Links and directories of somebody else's, which could have the mount land anywhere.
begin_refused() {
    begin --parameters-directory="$1" && within 5 logged "$2" && runs && ends
}
untouched() { ! grep -F " $dir/elsewhere" /proc/mounts; }
mkdir -p "$dir/elsewhere/parameters" "$dir/q" "$dir/theirs"
ln -s "$dir/elsewhere/parameters" "$dir/q/parameters"
ln -s "$dir/elsewhere" "$dir/link"
ok "a link instead of the directory is refused" begin_refused "$dir/q/parameters" "symbolic link"
ok "one instead of its parent too" begin_refused "$dir/link/parameters" "symbolic link"
ok "and one further up" begin_refused "$dir/link/parameters/more/parameters" "symbolic link"
ok "nothing is mounted there" untouched
chmod 777 "$dir/theirs"
ok "a parent that others can write to is refused" begin_refused "$dir/theirs/parameters" "nobody else may write to it"
chmod 755 "$dir/theirs"
if [ "$(id -u)" -eq 0 ]; then
    chown 65534 "$dir/theirs"
    ok "so is somebody else's" begin_refused "$dir/theirs/parameters" "it must belong to user 0"
else
    skip "so is somebody else's" "only root can give it away"
fi
ok "a relative directory is refused" fails 2 "does not begin with a slash" --backend=sim --parameters-directory=p/parameters

without_privileges
begin --drop-privileges=Y
ok "without privileges" within 5 test -e "$parameters/min_age"
cd "$parameters" || exit 99
ok "the commands of the kernel's document work" document
cd / || exit 99
ok "the end of that" ends
ok "nothing stays mounted" unmounted
finish
