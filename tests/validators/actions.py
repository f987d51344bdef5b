#!/usr/bin/env python3
"""Clicks through the pages of links in a real browser: the real binary, the demo's shop, Chromium.

Run by hand, not by `cargo test`:

    cargo build
    python3 -m venv venv && venv/bin/pip install playwright
    venv/bin/python tests/validators/actions.py [--binary target/debug/retaind] [--shots FOLDER]
        [--chromium /usr/bin/chromium]

It starts `retaind demo` in a temporary folder and holds each step against the ledger: what a scanner fetches
changes nothing; done, snooze, a hand-over and "not mine" are stored once, whatever is reloaded, gone back to
or sent from two windows; a tampered link, an expired one and a form from another site do nothing. On the way
it looks at every page: no request but the page itself, no word on the console, nothing wider than the
window at 360 px, nothing to tap that is lower than 44 px. With --shots it leaves pictures at 390 and 1200 px,
light and dark. Exit code 1 and a line for each thing that is not so.
"""

import argparse
import base64
import hashlib
import hmac
import html
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

WRONG = []

# What the browser says of answers that are meant, and of a day that is none.
MEANT = re.compile(r"status of (403|422)|does not conform to the required format")


def check(holds, what):
    print("ok   " if holds else "WRONG", what)
    if not holds:
        WRONG.append(what)


def fetch(url, method="GET", body=None, headers=None):
    """Status and text, without following redirects."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.build_opener(Stay).open(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


class World:
    """The demo at work, and its ledger."""

    def __init__(self, binary, folder):
        self.folder = Path(folder)
        self.process = subprocess.Popen(
            [binary, "demo", "--dir", folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.capture = None
        for line in self.process.stdout:
            found = re.search(r"http://127\.0\.0\.1:\d+/", line)
            if found:
                self.capture = found.group(0)
                break
        if not self.capture:
            sys.exit("the demo ended before it said where its page is")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        check(self.process.wait(timeout=40) == 0, "the demo ends well")

    def rows(self, sql):
        with sqlite3.connect(f"file:{self.folder}/ledger.db?mode=ro", uri=True) as connection:
            return connection.execute(sql).fetchall()

    def state(self):
        """What a visit could change: everything but the deliveries under way."""
        return [
            self.rows(f"SELECT * FROM {table} ORDER BY 1")
            for table in ["entry", "act", "audit", "colleague", "occurrence"]
        ] + self.rows("SELECT count(*) FROM delivery")

    def acts(self):
        return self.rows("SELECT what, until, whom FROM act ORDER BY id")

    def messages(self):
        """Numbers and subjects, newest first."""
        page = fetch(self.capture)[1]
        return re.findall(r'<span class="way">(\w+)</span><a href="/message/(\d+)">([^<]*)<', page)

    def links(self, number, chat):
        page = fetch(f"{self.capture}message/{number}" + ("" if chat else "/html"))[1]
        links = [html.unescape(url) for url in re.findall(r'href="(http[^"]*/a/[^"]*)"', page)]
        return list(dict.fromkeys(links))


def forge(world, link, **change):
    """A token made with the demo's key: the same entry, another expiry."""
    key = base64.b64decode((world.folder / "actions-key").read_text())
    base, token = link.split("#")[0].rsplit("/", 1)
    signed = base64.urlsafe_b64decode(token)[:18] + change["expiry"].to_bytes(8, "big")
    tag = hmac.new(key, b"retaind-link-1" + signed, hashlib.sha256).digest()[:16]
    return f"{base}/{base64.urlsafe_b64encode(signed + tag).decode()}"


class Visitor:
    """A browser window that minds what it sees."""

    def __init__(self, browser, shots, **options):
        self.shots = shots
        self.context = browser.new_context(**options)
        self.context.on("page", self.watch)

    def watch(self, page):
        page.on("console", lambda message: MEANT.search(message.text) or check(False, f"the console says: {message.text}"))
        page.on("pageerror", lambda error: check(False, f"nothing fails: {error}"))

    def open(self, url):
        page = self.context.new_page()
        seen = []
        page.on("request", lambda request: seen.append(request.url))
        page.goto(url)
        others = [one for one in seen if one.split("#")[0] != url.split("#")[0] and "favicon" not in one]
        check(not others, f"nothing else is fetched {others or ''}")
        return page


def fits(page, what):
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    check(wide <= 0, f"{what}: nothing is wider than the window ({wide} px)")
    low = page.evaluate(
        "[...document.querySelectorAll('button,select,input:not([type=hidden])')]"
        ".filter(e => e.getBoundingClientRect().height < 44).map(e => e.outerHTML.slice(0, 60))"
    )
    check(not low, f"{what}: everything to tap is 44 px high {low or ''}")


def shoot(browser, shots, name, url):
    """Pictures of a page as it stands, at two widths, light and dark; and a look at 360 px."""
    for width, height in [(390, 844), (1200, 900), (360, 640)]:
        for scheme in ["light", "dark"]:
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page = context.new_page()
            page.goto(url)
            if width == 360:
                fits(page, f"{name}, {scheme}")
            elif shots:
                page.screenshot(path=f"{shots}/{name}-{width}-{scheme}.png", full_page=True)
            context.close()


def said(page):
    note = page.locator(".note.good")
    return note.inner_text() if note.count() else ""


def look_as_scanners_do(world, digests):
    before = world.state()
    links = [link for number, chat in digests for link in world.links(number, chat)]
    check(len(links) >= 30, f"{len(links)} links in {len(digests)} digests")
    for link in links:
        for method in ["HEAD", "GET"]:
            status, text = fetch(link.split("#")[0], method, headers={"User-Agent": "scanner"})
            if status != 200 or (method == "HEAD") != (text == ""):
                check(False, f"{method} {link} is answered with {status}")
    check(world.state() == before, "a scanner's GET and HEAD of every link change nothing")


def act(world, visitor, links):
    """done, twice, reloaded and gone back to; from two windows; snooze; a hand-over; not mine."""
    page = visitor.open(links[0])
    fits(page, "the page")
    twin = visitor.open(links[0])
    page.locator("button.main").click()
    first = said(page)
    check("hoje às 08:" in first, f"done is said: {first!r}")
    check(world.acts() == [("done", None, None)], "done is stored")
    check(page.locator("button.main").count() == 0, "what is done is not offered again")
    page.reload()
    check(said(page) == first and len(world.acts()) == 1, "a reload changes nothing")
    page.go_back()
    page.go_forward()
    check(said(page) == first and len(world.acts()) == 1, "back and forward change nothing")
    twin.locator("button.main").click()
    check(said(twin) == first and len(world.acts()) == 1, "a second window hears what was done before")

    page = visitor.open(links[1])
    check(page.url.endswith("#snooze"), "the second link leads to the days")
    page.locator(".days button").first.click()
    check(world.acts()[-1][0] == "snooze" and "ter., 3 de nov." in said(page), f"snoozed: {said(page)!r}")
    page = visitor.open(links[2])
    form = page.locator("form", has=page.locator("#until"))
    form.evaluate("form => { form.noValidate = true; form.elements.until.type = 'text' }")
    page.fill("#until", "31/02/2027 <b>")
    form.locator("button").click()
    if visitor.shots:
        page.screenshot(path=f"{visitor.shots}/wrong-390-light.png", full_page=True)
    check("31/02/2027 <b>" in page.locator(".note.bad").inner_text(), "a day that is none is told, as it was entered")
    check(page.locator("#until").get_attribute("value") == "31/02/2027 <b>", "and it is kept in its field")
    check(len(world.acts()) == 2, "and nothing is stored")
    page.fill("#until", "2026-11-20")
    form.locator("button").click()
    check("20 de nov." in said(page) and len(world.acts()) == 3, "a day that can be used is")
    page.select_option("select", "rep:R-02")
    page.locator("form", has=page.locator("select")).locator("button").click()
    check("Rui Dias" in said(page) and world.acts()[-1] == ("hand_over", None, "rep:R-02"), f"handed over: {said(page)!r}")
    page.locator("button[value=not_mine]").click()
    check(world.acts()[-1][0] == "not_mine", f"given back: {said(page)!r}")
    audited = world.rows("SELECT count(*) FROM audit WHERE who LIKE '%by link'")
    check(audited == [(5,)], "each act is a line in the audit")


def refuse(world, visitor, browser, shots, links):
    before = world.acts()
    base, token = links[4].rsplit("/", 1)
    tampered = f"{base}/{token[:20]}{'A' if token[20] != 'A' else 'B'}{token[21:]}"
    expired = forge(world, links[4], expiry=1_700_000_000)
    for name, url, status in [("tampered", tampered, 404), ("expired", expired, 410), ("unknown", base + "/x", 404)]:
        check(fetch(url)[0] == status, f"{name}: GET is answered with {status}")
        check(fetch(url, "POST", b"what=done")[0] == status, f"{name}: POST is answered with {status}")
    check(fetch(tampered)[1] == fetch(base + "/x")[1], "what is forged and what is unknown look the same")
    shoot(browser, shots, "expired", expired)
    shoot(browser, shots, "tampered", tampered)
    foreign = visitor.context.new_page()
    foreign.goto("data:text/html,<form method=post action='%s'><button name=what value=done>x</button></form>" % links[4])
    with foreign.expect_response(lambda response: response.request.method == "POST") as answer:
        foreign.locator("button").click()
    check(answer.value.status == 403, f"a form from another site is refused ({answer.value.status})")
    check(world.acts() == before, "none of it is stored")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--binary", default="target/debug/retaind")
    arguments.add_argument("--chromium", default="/usr/bin/chromium")
    arguments.add_argument("--shots", default="")
    given = arguments.parse_args()
    if given.shots:
        os.makedirs(given.shots, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        world = World(given.binary, folder)
        flags = ["--headless", "--no-sandbox", "--disable-gpu"]
        browser = driver.chromium.launch(executable_path=given.chromium, args=flags)
        try:
            walk(world, browser, given.shots)
        finally:
            browser.close()
            world.stop()
    print(f"{len(WRONG)} wrong")
    sys.exit(bool(WRONG))


def walk(world, browser, shots):
    digests = [(number, way == "chat") for way, number, _ in world.messages()]
    digests = [(number, chat) for number, chat in digests if world.links(number, chat)]
    look_as_scanners_do(world, digests)
    number = next(number for number, chat in digests if not chat and "Ana Lima" in fetch(f"{world.capture}message/{number}/html")[1])
    links = world.links(number, False)
    english = next(number for number, chat in digests if "Hello" in fetch(f"{world.capture}message/{number}")[1])
    shoot(browser, shots, "fresh-en", world.links(english, True)[0])
    shoot(browser, shots, "fresh", links[0])
    if shots:
        shoot(browser, shots, "digest", f"{world.capture}message/{number}/html")
    visitor = Visitor(browser, shots, viewport={"width": 390, "height": 844})
    # From the mail on the capture page, as a newcomer does it.
    page = visitor.context.new_page()
    page.goto(f"{world.capture}message/{number}")
    with visitor.context.expect_page() as opened:
        page.frame_locator("iframe").locator("a", has_text="Feito").nth(4).click()
    opened.value.wait_for_load_state()
    check(opened.value.locator("button.main").count() == 1, "a link on the capture page leads to a page that works")
    act(world, visitor, [links[0], links[3], links[4]])
    refuse(world, visitor, browser, shots, [None] * 4 + [links[6]])
    shoot(browser, shots, "done", links[0])
    for _ in range(100):
        if not world.rows("SELECT 1 FROM delivery WHERE status <> 'sent'"):
            break
        time.sleep(0.2)
    events = world.rows("SELECT count(*) FROM delivery WHERE channel = 'crm' AND subject LIKE '%customer C-%' AND status = 'sent'")
    check(events == [(5,)], f"the CRM heard of each act {events}")


if __name__ == "__main__":
    main()
