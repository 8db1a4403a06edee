#!/bin/sh
# SPDX-License-Identifier: MIT
# What Prometheus itself says of the metrics, the alerts and the dashboard:
# test_prometheus.sh METRIC_NAMES SAMPLE DASHBOARDS RULES_TEST. Prints TAP.
# shellcheck disable=SC2086
set -u

names=$1 sample=$2 dashboards=$3 rules_test=$4
if ! command -v promtool > /dev/null || ! command -v prometheus > /dev/null; then
    echo "1..0 # SKIP Debian's package prometheus is not installed"
    exit 0
fi
# shellcheck source=../support/tap.sh
. "$(dirname "$0")/../support/tap.sh"
pids=
trap 'kill $pids 2>/dev/null; rm -rf "$dir"' EXIT

check_page() { "$names" --page | promtool check metrics; }
check_rules() { promtool check rules "$dashboards/damon-reclaim.rules.yml"; }
try_rules() {
    cp "$dashboards/damon-reclaim.rules.yml" "$rules_test" "$dir" && promtool test rules "$dir/${rules_test##*/}"
}

# unknown FILE: the metrics that the file names and the table does not have
unknown() {
    grep -o 'damon_reclaim_[a-z_]*' "$1" | sort -u > "$dir/named"
    [ -s "$dir/named" ] || { echo "$1 names no metric"; return; }
    "$names" | sort -u > "$dir/known"
    comm -23 "$dir/named" "$dir/known"
}
all_known() {
    unknown=$(unknown "$1")
    [ -z "$unknown" ] || { echo "no such metric: $unknown"; return 1; }
}
is_json() { python3 -m json.tool "$1" > /dev/null; }

# The queries of a dashboard, with values for Grafana's variables, are expressions that Prometheus takes.
check_queries() {
    python3 - "$1" > "$dir/queries.yml" <<'END' || return 1
import json, sys

queries = [t["expr"] for p in json.load(open(sys.argv[1]))["panels"] for t in p["targets"]]
rules = [{"record": "query", "expr": q.replace("$instance", ".*").replace("$__rate_interval", "1m"), "labels": {"n": str(i)}}
         for i, q in enumerate(queries)]
assert rules, "no query"
print(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
END
    promtool check rules "$dir/queries.yml"
}

port() { sed -n 's|.*http://127.0.0.1:\([0-9]*\)/metrics.*|\1|p' "$dir/sample.log"; }
has_port() { [ -n "$(port)" ]; }

# The real thing: a Prometheus that scrapes the daemon once a second.
scrape() {
    "$sample" --lock-directory="$dir" --metrics-http --metrics-port=0 --enabled 2> "$dir/sample.log" &
    pids="$pids $!"
    within 10 has_port || { cat "$dir/sample.log"; return 1; }
    cat > "$dir/prometheus.yml" <<END
scrape_configs:
  - job_name: sample
    scrape_interval: 1s
    static_configs:
      - targets: ['127.0.0.1:$(port)']
rule_files:
  - $dashboards/damon-reclaim.rules.yml
END
    promtool check config "$dir/prometheus.yml" || return 1
    # A port of its own for Prometheus: the next one that is free.
    for listen in 19415 19416 19417 19418 19419; do
        prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/data" --log.level=error \
            --web.listen-address="127.0.0.1:$listen" > "$dir/prometheus.log" 2>&1 &
        server=$!
        pids="$pids $server"
        within 20 has_samples_or_gone
        has_samples && return 0
        kill -0 $server 2> /dev/null && { cat "$dir/prometheus.log" "$dir/query"; return 1; }
    done
    cat "$dir/prometheus.log"
    return 1
}
query() { promtool query instant "http://127.0.0.1:$listen" "$1" > "$dir/query" 2>&1; }
has_samples() {
    query 'up == 1' && grep -q 'job="sample"' "$dir/query" && query 'damon_reclaim_build_info' &&
        grep -q 'daemon="sample"' "$dir/query"
}
has_samples_or_gone() { ! kill -0 $server 2> /dev/null || has_samples; }
counts() { query 'damon_reclaim_samples_total > 0' && grep -q 'samples_total' "$dir/query"; }

ok "promtool accepts a page with every metric" check_page
ok "promtool accepts the alerts" check_rules
ok "the alerts are raised when they should be" try_rules
ok "the alerts name metrics that exist" all_known "$dashboards/damon-reclaim.rules.yml"
ok "the dashboard is JSON" is_json "$dashboards/damon-reclaim.json"
ok "the dashboard names metrics that exist" all_known "$dashboards/damon-reclaim.json"
ok "Prometheus takes the queries of the dashboard" check_queries "$dashboards/damon-reclaim.json"
if "$sample" --lock-directory="$dir" --metrics-http --metrics-address=nonsense 2>&1 | grep -q 'this build lacks libmicrohttpd'; then
    echo "# this build has no metrics over HTTP that a Prometheus could scrape"
else
    ok "a real Prometheus scrapes the daemon" scrape
    ok "and has its counters" within 10 counts
fi

finish
