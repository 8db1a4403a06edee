#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What others can do to a daemon from outside, by one on simulated memory: test_robust.py SAMPLE.  Prints TAP."""
import fcntl
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

SAMPLE = sys.argv[1]
PORT_LINE = "metrics: http://127.0.0.1:"
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def within(seconds, condition):
    """Whether the condition holds, at the latest after so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Daemon:
    """A daemon in a directory of its own; its log is the file "log" there, unless `stderr` says otherwise."""

    def __init__(self, directory, *words, **popen):
        self.directory = pathlib.Path(directory)
        self.log_path = self.directory / "log"
        popen.setdefault("stderr", open(self.log_path, "w", encoding="utf-8"))
        # The sanitizer looks for leaks at the end by ptrace, which is among the privileges that are dropped.
        words = (f"--lock-directory={directory}", "--drop-privileges=N", *words)
        self.process = subprocess.Popen([SAMPLE, *words], **popen)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def log(self):
        return self.log_path.read_text(encoding="utf-8")

    def logged(self, text):
        assert within(10, lambda: text in self.log()), f"no {text!r} in the log:\n{self.log()}"

    def runs(self):
        return self.process.poll() is None

    def ends(self, seconds=2):
        """Its exit status after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=seconds)

    def port(self):
        self.logged(PORT_LINE)
        return int(self.log().split(PORT_LINE)[1].split("/")[0])


def get(port, seconds=5, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=headers)
    with urllib.request.urlopen(request, timeout=seconds) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


HTTP = ("--metrics-http", "--metrics-port=0")


@test
def nobody_reads_stderr(directory):
    textfile = pathlib.Path(directory, "m.prom")
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 4095 + b"\n")
    with Daemon(directory, f"--metrics-textfile={textfile}", stderr=writer) as daemon:
        os.close(writer)
        assert within(5, textfile.exists), "it waits for the reader of its log"
        os.read(reader, 4096)
        daemon.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        said = os.read(reader, 4096).decode()
        assert "log lines were lost: nobody read standard error" in said, said
        assert daemon.ends() == 0


@test
def standard_files_are_closed(directory):
    lock = pathlib.Path(directory, "sample.lock")
    close = f"exec {SAMPLE} --lock-directory={directory} --drop-privileges=N 0<&- 1>&- 2>&-"
    process = subprocess.Popen(["sh", "-c", close])
    try:
        assert within(5, lambda: lock.exists() and lock.read_text() == f"{process.pid}\n"), lock.read_text()
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=2) == 0, process.returncode
        assert lock.read_text() == f"{process.pid}\n", lock.read_text()
    finally:
        process.kill()


@test
def signals_at_the_start(directory):
    """As soon as they are held back or ignored, which is before anything else is done."""
    with Daemon(directory) as daemon:
        meaningless = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGPIPE)
        assert within(5, lambda: held(daemon.process.pid, signal.SIGHUP)), "SIGHUP is not held back"
        for number in meaningless:
            daemon.process.send_signal(number)
        daemon.logged("the configuration was reloaded")
        for number in meaningless[1:]:
            daemon.process.send_signal(number)
        assert daemon.ends() == 0


def held(pid, number):
    """Whether the process holds the signal back or ignores it."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    masks = {line.split(":")[0]: int(line.split()[1], 16) for line in status.splitlines() if line.startswith("Sig")
             and line.split(":")[0] in ("SigBlk", "SigIgn", "SigCgt")}
    return any(mask >> (number - 1) & 1 for mask in masks.values())


@test
def connections_that_ask_for_nothing(directory):
    with Daemon(directory, *HTTP) as daemon:
        port = daemon.port()
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(80)]
        began = time.monotonic()
        get(port)
        assert time.monotonic() - began < 2, "80 open connections keep others away"
        for connection in idle:
            connection.close()
        began = time.monotonic()
        get(port)
        assert time.monotonic() - began < 2, "closed connections keep others away"


@test
def requests_that_arrive_slowly(directory):
    with Daemon(directory, *HTTP) as daemon:
        port = daemon.port()
        slow = socket.create_connection(("127.0.0.1", port))
        began = time.monotonic()
        try:
            for byte in b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 1000:
                slow.send(bytes([byte]))
                time.sleep(0.2)
                if slow in select.select([slow], [], [], 0)[0] and not slow.recv(1):
                    break
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert time.monotonic() - began < 15, "a request may take for ever"
        get(port)


@test
def a_page_is_made_once_a_second(directory):
    with Daemon(directory, *HTTP, "--enabled=Y", "--wmarks-high=1000", "--wmarks-mid=1000", "--wmarks-low=0") as daemon:
        port = daemon.port()
        first = get(port)
        assert all(get(port) == first for _ in range(20)), "it is made anew for each request"
        time.sleep(1.1)
        assert get(port) != first, "it is never made anew"


@test
def what_is_accepted(directory):
    with Daemon(directory, *HTTP) as daemon:
        port = daemon.port()
        for accept, wanted in (("application/openmetrics-text;q=0,text/plain", "text/plain"),
                               ("text/plain;q=0.9, application/openmetrics-text;version=1.0.0;q=0.5", "text/plain"),
                               ("application/openmetrics-text; version=1.0.0; q=0.5, text/plain;q=0.4", "application/openmetrics-text"),
                               ("application/openmetrics-text-not", "text/plain"), ("*/*", "text/plain")):
            kind = get(port, Accept=accept)[0]
            assert kind.startswith(wanted + ";"), f"{accept}: {kind}"


@test
def a_request_with_a_body(directory):
    with Daemon(directory, *HTTP) as daemon:
        with socket.create_connection(("127.0.0.1", daemon.port()), timeout=5) as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
            answer = connection.recv(64)
            assert answer.startswith(b"HTTP/1.1 200"), answer


@test
def the_port_is_taken(directory):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        daemon = Daemon(directory, "--metrics-http", f"--metrics-port={port}")
        daemon.logged("Address already in use; another program uses it")
        daemon.logged("min_age")
    with daemon:
        assert daemon.port() == port
        get(port)


@test
def the_textfile_goes_with_the_daemon(directory):
    textfile = pathlib.Path(directory, "m.prom")
    with Daemon(directory, f"--metrics-textfile={textfile}") as daemon:
        assert within(5, textfile.exists), "no textfile"
        assert daemon.ends() == 0
        assert not textfile.exists(), "it tells for ever how it was"


@test
def a_line_again_and_again(directory):
    with Daemon(directory) as daemon:
        daemon.logged("min_age")
        for n in range(200):
            daemon.process.send_signal(signal.SIGHUP)
            time.sleep(0.005)
        assert daemon.ends() == 0
        lines = daemon.log().count("the configuration was reloaded\n")
        assert lines == 30, lines
        daemon.logged('more lines like "the configuration was reloaded" were left out')


def main():
    failed = 0
    print(f"1..{len(TESTS)}")
    for number, function in enumerate(TESTS, 1):
        with tempfile.TemporaryDirectory() as directory:
            try:
                function(directory)
                print(f"ok {number} - {function.__name__}", flush=True)
            except Exception as error:  # pylint: disable=broad-except
                failed += 1
                print(f"not ok {number} - {function.__name__}\n# " + str(error or repr(error)).replace("\n", "\n# "), flush=True)
    return failed > 0


sys.exit(main())
