#!/usr/bin/env bash
# What an idle service costs: processor time, wake-ups (voluntary switches of all threads) and memory.
#
#   benches/idle.sh [SECONDS] [PROGRAM ...]
#
# Runs each PROGRAM (default: target/release/heartbeat) as a service with one project with both apps, SQLite, and the page on, beside one
# sandbox. After 70 s, in which the page is requested once, it measures for SECONDS (default: 100). If Prometheus and blackbox_exporter are
# installed, they run beside it with one probe and one rule a minute. Linux only.
set -euo pipefail

seconds=100
if [[ ${1:-} =~ ^[0-9]+$ ]]; then
    seconds=$1
    shift
fi
if [[ $# -eq 0 ]]; then
    cd "$(dirname "$0")/.."
    set -- "${CARGO_TARGET_DIR:-target}/release/heartbeat"
fi
readonly WARM_UP_SECONDS=70

folder=$(mktemp -d)
started=()
stop() {
    kill "${started[@]}" 2>/dev/null || true
    wait || true
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

# Runs a command in the background; its output goes to a file in $folder. Sets $pid.
start() {
    local name=$1
    shift
    : >"$folder/$name.log"
    "$@" >"$folder/$name.log" 2>&1 &
    pid=$!
    started+=("$pid")
}

# Waits for a line of a log that matches a pattern, and prints the part in parentheses.
await() {
    local log=$folder/$1.log found
    for _ in {1..200}; do
        found=$(sed -nE "s#.*$2.*#\1#p" "$log" | head -n 1)
        if [[ -n $found ]]; then
            echo "$found"
            return
        fi
        sleep 0.1
    done
    echo "no line in $log matches $2:" >&2
    cat "$log" >&2
    exit 1
}

# Nanoseconds on a processor and voluntary switches of all threads of a process.
used() {
    local nanoseconds=0 switches=0 task value _
    for task in "/proc/$1/task/"*; do
        read -r value _ <"$task/schedstat" || continue
        nanoseconds=$((nanoseconds + value))
        value=$(awk '/^voluntary_ctxt_switches/ { print $2 }' "$task/status") || continue
        switches=$((switches + value))
    done
    echo "$nanoseconds $switches"
}

# A free port; nothing else on this machine is likely to take it in the meantime.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 20000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
}

start sandbox "$1" sandbox --json --listen 127.0.0.1:0
sandbox=$(await sandbox '"address": "([^"]+)"')
token=$(await sandbox '"token": "([^"]+)"')
key=$(await sandbox '"personal_api_key": "([^"]+)"')

names=() pids=() pages=()
for program; do
    number=${#pids[@]}
    home=$folder/$number
    mkdir "$home"
    export DATABASE_URL=sqlite:$home/heartbeat.db HEARTBEAT_KEY_FILE=$home/heartbeat.key
    "$program" >/dev/null --quiet projects add idle --host "$sandbox" --token "$token" --personal-api-key "$key"
    "$program" >/dev/null --quiet apps install heartbeat --project idle
    "$program" >/dev/null --quiet apps install ingestion-alert --project idle
    start "service$number" "$program" run --listen 127.0.0.1:0
    names+=("$program") pids+=("$pid")
    pages+=("$(await "service$number" 'The page is at (http://[^ ]*[0-9]/)')")
done

prometheus=$(command -v prometheus || true)
blackbox=$(command -v blackbox_exporter || command -v prometheus-blackbox-exporter || true)
if [[ -n $prometheus && -n $blackbox ]]; then
    probes=$(free_port)
    cat >"$folder/blackbox.yml" <<END
modules:
  http: {prober: http, timeout: 10s, http: {valid_status_codes: [200, 400, 401, 404]}}
END
    cat >"$folder/rules.yml" <<END
groups:
  - {name: idle, interval: 1m, rules: [{alert: Down, expr: probe_success == 0, for: 2m}]}
END
    cat >"$folder/prometheus.yml" <<END
global: {scrape_interval: 1m, evaluation_interval: 1m}
rule_files: [$folder/rules.yml]
scrape_configs:
  - job_name: idle
    metrics_path: /probe
    params: {module: [http], target: ['$sandbox/']}
    static_configs: [{targets: ['127.0.0.1:$probes']}]
END
    start blackbox "$blackbox" --config.file "$folder/blackbox.yml" --web.listen-address "127.0.0.1:$probes"
    names+=(blackbox_exporter) pids+=("$pid")
    start prometheus "$prometheus" --config.file "$folder/prometheus.yml" --storage.tsdb.path "$folder/tsdb" \
        --web.listen-address "127.0.0.1:$(free_port)"
    names+=(Prometheus) pids+=("$pid")
fi

sleep $((WARM_UP_SECONDS / 2))
for page in "${pages[@]}"; do
    curl --silent --show-error --location --output /dev/null "$page"
done
sleep $((WARM_UP_SECONDS - WARM_UP_SECONDS / 2))

before=()
for pid in "${pids[@]}"; do
    before+=("$(used "$pid")")
done
sleep "$seconds"
printf '%-40s %12s %12s %10s %10s %10s\n' program 'ms a minute' 'wake-ups' 'peak MiB' 'own MiB' 'file MiB'
for number in "${!pids[@]}"; do
    pid=${pids[number]}
    echo "${before[number]} $(used "$pid")" | awk -v seconds="$seconds" -v name="${names[number]}" '
        FNR == NR { nanoseconds = $3 - $1; switches = $4 - $2; next }
        { kib[$1] = $2 }
        END {
            printf "%-40s %12.1f %12.0f %10.1f %10.1f %10.1f\n", name, nanoseconds / 1e6 * 60 / seconds, switches * 60 / seconds,
                kib["VmHWM:"] / 1024, kib["RssAnon:"] / 1024, kib["RssFile:"] / 1024
        }' - "/proc/$pid/status"
done
