#!/usr/bin/env python3
"""Holds what webhooks get against the libraries their receivers use.

Run by hand, not by `cargo test`:

    cargo build
    python3 -m venv venv && venv/bin/pip install standardwebhooks cloudevents
    venv/bin/python tests/validators/webhooks.py [--binary target/debug/retaind]

The real daemon sends an event to a server on this machine, once as they are and once as CloudEvents. Each request
is verified by Standard Webhooks' own library, a changed body is refused by it, and CloudEvents are read by theirs. Exit code
1 and a line for each thing that is not so.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Empty, Queue

from cloudevents.core.bindings.http import HTTPMessage, from_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WRONG = []
GOT = Queue()


def check(holds, what):
    if not holds:
        WRONG.append(what)
        print("WRONG", what)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        GOT.put((dict(self.headers.items()), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def sent(binary, folder, port, form):
    """The request that a test message makes, over the outbox like any other."""
    text = (folder / "retaind.toml").read_text()
    start = text.index("[channels.crm]")
    end = text.index("\n[", start + 5)
    channel = f'[channels.crm]\nkind = "webhook"\nevents = "{form}"\nurl = {{ file = "crm-url" }}\n'
    channel += 'secret = { file = "crm-secret" }\nallow_private = true\n'
    text = text[:start] + channel + text[end:]
    text += f'\n[ledger]\npath = "{form}.db"\n'
    config = folder / f"{form}.toml"
    config.write_text(text)
    for name, secret in [("crm-url", f"http://127.0.0.1:{port}/hook"), ("crm-secret", SECRET)]:
        (folder / name).write_text(secret)
        (folder / name).chmod(0o600)
    run = [binary, "--config", str(config)]
    done = subprocess.run(run + ["fire", "--test", "crm"], capture_output=True, text=True, timeout=120)
    check(done.returncode == 0, f"{form}: {done.stdout}{done.stderr}")
    daemon = subprocess.Popen(run + ["run"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        return [GOT.get(timeout=30)]
    except Empty:
        return []
    finally:
        daemon.send_signal(signal.SIGTERM)
        _, said = daemon.communicate(timeout=30)
        GOT.queue.clear()
        if daemon.returncode != 0:
            check(False, f"{form}: {said[-500:]}")


def verify(headers, body, form):
    webhook = Webhook(SECRET)
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        webhook.verify(body, lower)
    except WebhookVerificationError as wrong:
        check(False, f"{form}: {wrong}")
    try:
        webhook.verify(body.replace(b"type", b"tyqe", 1), lower)
        check(False, f"{form}: a changed body is not noticed")
    except WebhookVerificationError:
        pass
    if form == "cloudevents":
        event = from_structured(HTTPMessage(headers=lower, body=body), JSONFormat(), CloudEvent)
        check(event.get_specversion() == "1.0", form)
        check(event.get_id() == lower["webhook-id"], f"{form}: the id is another one")
        check(event.get_source().startswith("/retaind/jobs/"), f"{form}: {event.get_source()}")
        check(event.get_data()["schema"].startswith("retaind."), f"{form}: {event.get_data()}")
    else:
        check(set(json.loads(body)) == {"type", "timestamp", "data"}, f"{form}: {body[:200]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default="target/debug/retaind")
    options = parser.parse_args()
    binary = str(Path(options.binary).resolve())
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "shop"
        subprocess.run([binary, "demo", "--once", "--dir", str(folder)], check=True, capture_output=True, timeout=180)
        for form in ["plain", "cloudevents"]:
            requests = sent(binary, folder, server.server_port, form)
            check(requests, f"{form}: nothing came")
            for headers, body in requests:
                verify(headers, body, form)
            print("ok    " if not WRONG else "      ", len(requests), "requests,", form)
    server.shutdown()
    sys.exit(1 if WRONG else 0)


main()
