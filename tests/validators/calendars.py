#!/usr/bin/env python3
"""Holds the calendars of reps' digests against two other readers of iCalendar.

Run by hand, not by `cargo test`:

    cargo build
    python3 -m venv venv && venv/bin/pip install icalendar vobject
    venv/bin/python tests/validators/calendars.py [--binary target/debug/retaind]

It makes a shop whose customers have hostile names, asks `retaind preview` for the digest of a rep of each language as a
mail; fires it, moves half of what it told, ends the rest, and asks for the next day's. It reads the attached calendars with icalendar, which keeps to the grammar of RFC 5545 and lists what it could not
read, and with vobject, which validates each component. Both must see the same: each thing once, its day, and the name
as it is meant. The bytes are looked at, too: lines of at most 75 octets, CRLF, whole characters. Exit code 1 and a line
for each thing that is not so.
"""

import argparse
import datetime
import email
import email.policy
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import icalendar
import vobject

WRONG = []
LANGUAGES = ["en", "es", "pt-BR", "ru", "uk", "zh-CN"]
FIRST, NEXT = "2026-11-02T08:30", "2026-11-03T08:30"
NAMES = [
    "Casa Verde; Filhos, Lda",
    "a\r\nATTENDEE:mailto:evil@example.com",
    "a\\nEND:VEVENT\\nBEGIN:VEVENT",
    "back\\slash \\; \\, \\\\",
    '"quoted":colon^caret',
    "<b>bold</b> &amp; {{name}}",
    "王芳株式会社" * 20,
    "👨‍👩‍👧‍👦" * 30,
    "e" + "\u0301" * 150,
    "\u202edesrever\u202c \u2066iso\u2069",
    "line\u2028separator\u2029paragraph\u0085next",
    "Олена Ґалаґан’с",
    "x" * 5000,
    "tab\tand\x0bvertical\x7f",
]
CONFIG = """
[store]
path = "shop.db"
zone = "America/Sao_Paulo"
currency = "EUR"
[channels.office]
kind = "folder"
folder = "mails"
from = "Shop: \\"Care\\"; Co <care@example.com>"
[people.eva]
name = "Eva"
email = "eva@example.com"
via = ["office"]
[ops]
to = ["eva"]
[rules.promised]
kind = "follow_up"
lead_days = [9]
[rules.renewals]
kind = "renewal"
lead_days = [30]
[rules.birthdays]
kind = "birthday"
lead_days = [9]
[rules.years]
kind = "anniversary"
[rules.days]
kind = "important_date"
[actions]
public_url = "https://care.example/desk"
key = { file = "key" }
[jobs.reps]
kind = "reminders"
cron = "30 8 * * *"
via = ["office"]
items = 40
attach = ["ics"]
"""


def check(holds, what):
    if not holds:
        WRONG.append(what)
        print("WRONG", what)


def shop(binary, folder):
    """For each language a rep, whose customers have every name and every kind of date."""
    subprocess.run([binary, "init", str(folder)], check=True, capture_output=True, timeout=60)
    (folder / "retaind.toml").write_text(CONFIG)
    (folder / "key").write_text("bWFkZSB1cCBmb3IgdGhlIHN0b3JpZXMsIDM0IGJ5dGVzLg==")
    (folder / "key").chmod(0o600)
    with sqlite3.connect(folder / "shop.db") as store:
        for language in LANGUAGES:
            rep = f"rep-{language}"
            store.execute(
                "INSERT INTO reps (id, name, email, language) VALUES (?, ?, ?, ?)",
                (rep, rep, f"{rep}@example.com", language),
            )
            for n, name in enumerate(NAMES):
                customer = f"{language}_{n}"
                store.execute(
                    "INSERT INTO customers (id, name, owner_id, phone, email, birthday, since)"
                    " VALUES (?, ?, ?, '+55 11;5550,01', ?, '1990-11-05', '2020-11-02')",
                    (customer, name, rep, f"c{n}@example.com"),
                )
                store.execute(
                    "INSERT INTO follow_ups (id, customer_id, rep_id, due_at, subject) VALUES (?, ?, ?, ?, ?)",
                    (customer, customer, rep, "2026-11-04T14:30:00" if n % 2 else "2026-11-02", name),
                )
                store.execute(
                    "INSERT INTO subscriptions (id, customer_id, mrr_minor, starts_on, renews_on)"
                    " VALUES (?, ?, 9900, '2025-12-01', '2026-12-01')",
                    (customer, customer),
                )
                store.execute(
                    "INSERT INTO important_dates (customer_id, label, date, yearly) VALUES (?, ?, '2026-11-02', 0)",
                    (customer, name),
                )


CHANGES = """
UPDATE follow_ups SET done_at = '2026-11-02T12:00:00' WHERE CAST(substr(id, instr(id, '_') + 1) AS INTEGER) % 2 = 0;
UPDATE follow_ups SET due_at = '2027-01-08T09:15:00' WHERE done_at IS NULL;
UPDATE subscriptions SET renews_on = '2026-12-02' WHERE id LIKE '%1';
UPDATE subscriptions SET renews_on = '2027-12-01' WHERE id NOT LIKE '%1';
UPDATE customers SET birthday = '1990-11-07';
INSERT INTO follow_ups (id, customer_id, rep_id, due_at)
  SELECT 'new-' || min(id), min(id), owner_id, '2026-11-03' FROM customers GROUP BY owner_id;
"""


def retaind(binary, folder, *arguments):
    command = [binary, "--config", str(folder / "retaind.toml"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    check(done.returncode == 0, f"{arguments}: {done.stderr}")


def calendars(binary, folder, at):
    """Of each mail its calendars: method and bytes."""
    out = folder / f"out-{at[:10]}"
    retaind(binary, folder, "preview", "reps", "--at", at, "--out", str(out))
    for path in sorted(out.glob("rep*.eml")):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        found = {}
        for part in mail.iter_attachments():
            check(part.get_content_disposition() == "attachment", f"{path.name}: disposition")
            if part.get_content_type() == "text/calendar":
                check(part.get_param("method") == "PUBLISH", f"{path.name}: method {part.get_param('method')}")
                check(part.get_content_charset() == "utf-8", f"{path.name}: charset")
                found["PUBLISH"] = part.get_payload(decode=True)
            elif part.get_content_type() == "application/ics":
                found["CANCEL"] = part.get_payload(decode=True)
        yield f"{path.stem} {at[:10]}", found


def lines(raw, case):
    check(raw.endswith(b"\r\n") and raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n"), f"{case}: a bare line end")
    for line in raw.split(b"\r\n"):
        check(len(line) <= 75, f"{case}: a line of {len(line)} octets")
        try:
            line.decode()
        except UnicodeDecodeError:
            check(False, f"{case}: a character is cut: {line!r}")


def as_icalendar(raw, method, case):
    """What icalendar reads: UID to start, sequence, title and description."""
    calendar = icalendar.Calendar.from_ical(raw)
    check(not calendar.errors, f"{case}: {calendar.errors}")
    check(calendar["METHOD"] == method and calendar["VERSION"] == "2.0", f"{case}: {calendar.keys()}")
    found = {}
    for event in calendar.subcomponents:
        check(event.name == "VEVENT" and not event.errors, f"{case}: {event.name} {event.errors}")
        for key in ("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "ORGANIZER"):
            check(key in event, f"{case}: no {key}")
        check("ATTENDEE" not in event, f"{case}: somebody is invited")
        check(event.end > event.start, f"{case}: it ends before it starts")
        said = (event["DTSTART"].dt, int(event["SEQUENCE"]), str(event["SUMMARY"]), str(event.get("DESCRIPTION", "")))
        check(str(event["UID"]) not in found, f"{case}: {event['UID']} twice")
        found[str(event["UID"])] = said
    return found


def as_vobject(raw, case):
    """The same by vobject, validated."""
    all_read = list(vobject.readComponents(raw.decode(), validate=True))
    check(len(all_read) == 1, f"{case}: {len(all_read)} calendars")
    check(all_read[0].validate(raiseException=True), f"{case}: not valid")
    found = {}
    for event in all_read[0].vevent_list:
        check(event.validate(raiseException=True), f"{case}: {event.uid.value}")
        said = event.description.value if hasattr(event, "description") else ""
        found[event.uid.value] = (event.dtstart.value, int(event.sequence.value), event.summary.value, said)
    return found


def comparable(said):
    start, sequence, title, description = said
    if isinstance(start, datetime.datetime):
        start = start.astimezone(datetime.timezone.utc)
    return (start, sequence, title, description)


def read(raw, method, case):
    """What both readers see: UID to start, sequence, title and description."""
    lines(raw, case)
    one, other = as_icalendar(raw, method, case), as_vobject(raw, case)
    check(one.keys() == other.keys(), f"{case}: they do not see the same")
    for uid in one.keys() & other.keys():
        check(comparable(one[uid]) == comparable(other[uid]), f"{case}: {one[uid]} {other[uid]}")
    return one


def first(told, case):
    check(len(told) == 5 * len(NAMES), f"{case}: {len(told)} things")
    timed = [said for said in told.values() if isinstance(said[0], datetime.datetime)]
    check(len(timed) == len(NAMES) // 2, f"{case}: {len(timed)} moments")
    utc = datetime.datetime(2026, 11, 4, 17, 30, tzinfo=datetime.timezone.utc)
    check(all(said[0] == utc for said in timed), f"{case}: {timed}")
    for whole in (name for name in NAMES if len(name) < 60 and name.isprintable()):
        times = sum(whole in said[2] for said in told.values())
        check(times >= 5, f"{case}: {whole!r} is named {times} times")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default="target/debug/retaind")
    options = parser.parse_args()
    binary = str(Path(options.binary).resolve())
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "shop"
        shop(binary, folder)
        before = {}
        for case, found in calendars(binary, folder, FIRST):
            check(found.keys() == {"PUBLISH"}, f"{case}: {found.keys()}")
            told = read(found["PUBLISH"], "PUBLISH", case)
            first(told, case)
            before[case.split()[0]] = told
            print("ok    " if not WRONG else "      ", f"{case}: {len(told)} things, {len(found['PUBLISH'])} octets")
        check(len(before) == len(LANGUAGES), f"{len(before)} calendars")
        retaind(binary, folder, "fire", "reps", "--at", FIRST)
        with sqlite3.connect(folder / "shop.db") as store:
            store.executescript(CHANGES)
        for case, found in calendars(binary, folder, NEXT):
            told = before[case.split()[0]]
            moved, over = (read(found[method], method, f"{case} {method}") for method in ("PUBLISH", "CANCEL"))
            again = moved.keys() & told.keys()
            check(all(moved[uid][1] == 1 and moved[uid][0] != told[uid][0] for uid in again), f"{case}: not moved")
            check(all(said[1] == 1 and uid in told for uid, said in over.items()), f"{case}: sequences")
            check(all(over[uid][0] == told[uid][0] for uid in over), f"{case}: what is over has moved")
            check(again and over and not again & over.keys(), f"{case}: {len(again)} moved, {len(over)} over")
            print("ok    " if not WRONG else "      ", f"{case}: {len(again)} moved, {len(over)} over, {len(moved.keys() - again)} new")
    sys.exit(1 if WRONG else 0)


main()
