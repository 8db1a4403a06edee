#!/usr/bin/env python3
"""The host's side of the guest daemon's reports over virtio-serial ports: a file, and a socket with a reader that comes late,
goes away, and reads nothing for a while.

   report_port.py RUN ARGUMENT...      RUN is tests/vm/run, which gets the arguments and the ports for report_port.sh
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time


class Failure(Exception):
    pass


class Port:
    """A connection to the host's end of a port, and what has come so far."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.text = b""
        self.seen = 0

    def close(self):
        self.socket.close()

    def say(self, word):
        self.socket.sendall(word.encode() + b"\n")

    def lines(self):
        return self.text.decode().split("\n")[:-1]

    def wait(self, wanted, seconds):
        """The first new line for which it holds."""
        end = time.monotonic() + seconds
        while True:
            for line in self.lines()[self.seen:]:
                self.seen += 1
                if wanted(line):
                    return line
            self.socket.settimeout(max(end - time.monotonic(), 0.001))
            try:
                more = self.socket.recv(65536)
            except socket.timeout:
                raise Failure(f"{seconds} s did not bring what was to come, but {self.text[-300:]}") from None
            if not more:
                raise Failure("the guest is gone")
            self.text += more

    def wait_word(self, word, seconds):
        self.wait(lambda line: line == word, seconds)

    def wait_report(self, wanted, seconds):
        return json.loads(self.wait(lambda line: wanted(json.loads(line)), seconds))


def of_type(name):
    return lambda line: line["type"] == name


def check(holds, what):
    if not holds:
        raise Failure(what)
    print("ok", what, flush=True)


def check_file(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    lines = [json.loads(line) for line in text.splitlines()]
    types = [line["type"] for line in lines]
    check(text.endswith("\n") and types[0] == "hello" and types[-1] == "bye" and types.count("hello") == 1,
          f"file: {len(lines)} whole lines from hello to bye")
    check(lines[0]["backend"] == "damon" and lines[0]["parameters"]["min_age"] == 120000000, "file: hello says with what it works")
    check("state" in types and types.count("stats") > 5, "file: state and stats")
    check([line["sequence"] for line in lines[1:]] == list(range(len(lines) - 1)), "file: none is missing")


def play(directory, control):
    place = f"{directory}/socket"
    control.wait_word("started", 120)
    time.sleep(2)
    reader = Port(place)
    first = reader.wait_report(lambda line: True, 60)
    check(first["type"] == "hello", "socket: a reader that comes late is greeted first")
    check(reader.wait_report(of_type("stats"), 5)["dropped_lines"] == 0, "socket: nothing was dropped while nobody was there")
    reader.close()
    time.sleep(1)

    reader = Port(place)
    first = reader.wait_report(lambda line: True, 20)
    check(first["type"] == "hello", "socket: a reader that comes back is greeted first")
    control.say("switch")
    control.wait_word("switch", 60)
    check(True, "socket: the daemon goes on while nobody reads")
    # Lines that go before a line may be dropped after it was made, so only a count that stays is one of all.
    dropped, before = 0, None
    while dropped == 0 or dropped != before:
        before, dropped = dropped, reader.wait_report(of_type("stats"), 20)["dropped_lines"]
    sequence = [json.loads(line)["sequence"] for line in reader.lines()[1:reader.seen]]
    missing = sequence[-1] - sequence[0] + 1 - len(sequence)
    check(sequence == sorted(set(sequence)) and missing == dropped, f"socket: {missing} lines are missing, {dropped} were dropped")
    control.say("stop")
    reader.wait_report(of_type("bye"), 10)
    check(True, "socket: bye")
    control.wait_word("stop", 5)


def main():
    with tempfile.TemporaryDirectory() as directory:
        ports = []
        for name in ("socket", "control"):
            ports += ["--port", f"{name}=socket,path={directory}/{name},server=on,wait=off"]
        ports += ["--port", f"file=file,path={directory}/file"]
        guest = subprocess.Popen([sys.argv[1], *ports, *sys.argv[2:]])
        try:
            while not os.path.exists(f"{directory}/control"):
                if guest.poll() is not None:
                    raise Failure("the guest has not come up")
                time.sleep(0.1)
            play(directory, Port(f"{directory}/control"))
            check(guest.wait(60) == 0, "the guest's side")
            check_file(f"{directory}/file")
        except Failure as failure:
            print("FAIL", failure, flush=True)
            guest.terminate()
            guest.wait()
            return 1
    return 0


sys.exit(main())
