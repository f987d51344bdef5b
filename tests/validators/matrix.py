#!/usr/bin/env python3
"""Sends digests to a real Matrix homeserver (Synapse), and kills the daemon while it does.

Run by hand, not by `cargo test`:

    cargo build
    python3 -m venv venv && venv/bin/pip install matrix-synapse
    venv/bin/python tests/validators/matrix.py [--binary target/debug/retaind] [--kills 30]

It starts Synapse in a temporary folder, on loopback, with an account for retaind and a room; a shop with a rep whose
`chat` is that room; and the real daemon. The room must show the rep's digest, in HTML that holds the customer's
name as text. Then, digest after digest, the daemon is killed (SIGKILL) a random moment after it was started, until it
is let finish: the room must show each digest once. Exit code 1 and a line for each thing that is not so.
"""

import argparse
import hashlib
import hmac
import json
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

WRONG = []
HOSTILE = '<b>@room</b> [x](http://evil.example) *Casa*'


def check(holds, what):
    print("ok   " if holds else "WRONG", what)
    if not holds:
        WRONG.append(what)


def ask(url, body=None, token=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())


def until(what, seconds, holds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            value = holds()
            if value:
                return value
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.2)
    raise SystemExit(f"{what} did not come in {seconds} s")


def homeserver(folder, port):
    """Synapse with a configuration of its own, and no limits on what is sent."""
    config = folder / "homeserver.yaml"
    base = [sys.executable, "-m", "synapse.app.homeserver", "-c", str(config)]
    subprocess.run(
        base + ["--generate-config", "-H", "localhost", "--report-stats=no"],
        cwd=folder, check=True, capture_output=True,
    )
    text = config.read_text()
    text = re.sub(r"port: 8008", f"port: {port}", text)
    text += "\nrc_message: {per_second: 10000, burst_count: 10000}\nsuppress_key_server_warning: true\n"
    config.write_text(text)
    secret = re.search(r'registration_shared_secret: "([^"]+)"', text).group(1)
    log = open(folder / "synapse.out", "w")
    return subprocess.Popen(base, cwd=folder, stdout=log, stderr=log), secret


def account(server, secret, name):
    nonce = ask(f"{server}/_synapse/admin/v1/register")["nonce"]
    said = b"\x00".join([nonce.encode(), name.encode(), b"made up", b"notadmin"])
    mac = hmac.new(secret.encode(), said, hashlib.sha1).hexdigest()
    body = {"nonce": nonce, "username": name, "password": "made up", "admin": False, "mac": mac}
    return ask(f"{server}/_synapse/admin/v1/register", body)["access_token"]


def shop(binary, folder, server, token, room):
    subprocess.run([binary, "init", str(folder)], check=True, capture_output=True)
    store = sqlite3.connect(folder / "shop.db")
    store.execute("INSERT INTO reps (id, name, chat) VALUES ('1', 'Ana', ?)", (room,))
    store.execute("INSERT INTO customers (id, name, owner_id) VALUES ('7', ?, '1')", (HOSTILE,))
    store.execute("INSERT INTO follow_ups (id, customer_id, rep_id, due_at, subject) VALUES ('f', '7', '1', '2026-01-01', 'Call')")
    store.commit()
    (folder / "token").write_text(token)
    os.chmod(folder / "token", 0o600)
    (folder / "retaind.toml").write_text(
        f"""
[store]
path = "shop.db"
zone = "UTC"
currency = "EUR"
[channels.matrix]
kind = "matrix"
server = "{server}"
token = {{ file = "token" }}
allow_private = true
[channels.office]
kind = "folder"
folder = "mails"
from = "Ops <ops@example.com>"
[people.eva]
name = "Eva"
email = "eva@example.com"
via = ["office"]
[ops]
to = ["eva"]
[rules.promised]
kind = "follow_up"
max_late_days = 366
[jobs.reps]
kind = "reminders"
cron = "0 4 31 12 *"
via = ["matrix"]
to = ["eva"]
"""
    )


def retaind(binary, folder, *arguments):
    command = [binary, "--config", str(folder / "retaind.toml"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise SystemExit(f"{arguments}: {done.stdout}{done.stderr}")
    return done.stdout


def shown(server, token, room):
    """All messages of the room, oldest first."""
    path = f"{server}/_matrix/client/v3/rooms/{urllib.parse.quote(room)}/messages?dir=f&limit=1000"
    chunk = ask(path, token=token)["chunk"]
    return [event["content"] for event in chunk if event["type"] == "m.room.message"]


def told(folder):
    ledger = sqlite3.connect(folder / "ledger.db")
    rows = ledger.execute("SELECT status, count(*) FROM delivery WHERE job = 'reps' GROUP BY status")
    return dict(rows.fetchall())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default="target/debug/retaind")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    binary, chance = str(Path(options.binary).resolve()), random.Random(options.seed)
    print("seed", options.seed)
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = f"http://localhost:{port}"
        synapse, secret = homeserver(folder, port)
        try:
            until("Synapse", 60, lambda: ask(f"{server}/_matrix/client/versions"))
            token = account(server, secret, "retaind")
            room = ask(f"{server}/_matrix/client/v3/createRoom", {"preset": "private_chat"}, token)["room_id"]
            run(binary, folder / "shop", (server, token, room), options.kills, chance)
        finally:
            synapse.send_signal(signal.SIGTERM)
            synapse.wait(30)
    sys.exit(1 if WRONG else 0)


def run(binary, folder, place, kills, chance):
    server, token, room = place
    shop(binary, folder, server, token, room)
    retaind(binary, folder, "check")

    def daemon():
        log = open(folder / "daemon.log", "a")
        command = [binary, "--config", str(folder / "retaind.toml"), "run"]
        return subprocess.Popen(command, stdout=log, stderr=log)

    retaind(binary, folder, "fire", "reps", "--at", "2026-03-01T08:00")
    first = daemon()
    messages = until("the digest", 30, lambda: shown(server, token, room))
    first.send_signal(signal.SIGTERM)
    first.wait(30)
    check(len(messages) == 1, "one digest is shown")
    html = messages[0]["formatted_body"]
    check("&lt;b&gt;@room&lt;/b&gt;" in html and "href" not in html, "the customer's name is text there")
    check(messages[0]["m.mentions"] == {}, "nobody is called")
    # What fell due before the daemon knew the rule is told all the same.
    retaind(binary, folder, "backlog", "promised", "--send")
    killed = 0
    for n in range(kills):
        day = time.strftime("%Y-%m-%d", time.gmtime(1772524800 + 86400 * n))
        retaind(binary, folder, "fire", "reps", "--at", f"{day}T08:00")
        for _ in range(chance.randrange(1, 4)):
            process = daemon()
            time.sleep(chance.uniform(0.02, 0.35))
            process.kill()
            process.wait(30)
            killed += 1
    last = daemon()

    def settled():
        states = told(folder)
        return states if set(states) <= {"sent", "held", "dead"} else None

    states = until("the end", 120, settled)
    last.send_signal(signal.SIGTERM)
    last.wait(30)
    print("killed", killed, "times;", states)
    bodies = [message["body"] for message in shown(server, token, room)]
    check(len(bodies) == len(set(bodies)), f"none of {len(bodies)} digests is shown twice")
    check(len(bodies) == states.get("sent", 0) == kills + 1, "each is shown")


main()
