#!/bin/busybox sh
# shellcheck shell=dash
# In the guest: its daemon reports to virtio-serial ports. report_port.py has the other ends, and says by the port "control"
# what is to be done.
port() { dirname "$(grep -lx "$1" /sys/class/virtio-ports/*/name)" | sed 's,.*/,/dev/,'; }
control=$(port control)
parameters=/run/damon_reclaim/parameters

start() {
    /bin/damon-reclaim-guest "--backend=$1" --take-over "--report-to=$(port "$2")" --report-interval=100ms --log-level=warning &
    daemon=$!
}
stop() {
    kill $daemon
    wait $daemon || { echo "the daemon ended with $?"; exit 1; }
}

start damon file
sleep 2
stop

start sim socket
echo started > "$control"
while [ -z "$ended" ]; do
    # Without somebody at the other end it is at its end.
    read -r word < "$control" || { sleep 0.1; continue; }
    case $word in
    switch)
        i=0
        while [ $((i += 1)) -le 500 ]; do echo N > $parameters/enabled; echo Y > $parameters/enabled; done
        ;;
    stop) stop; ended=1 ;;
    esac
    echo "$word" > "$control"
done
