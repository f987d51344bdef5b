#!/usr/bin/env python3
"""Holds every mail against what mail programs, screen readers and Gmail's clipping ask for.

Run by hand, not by `cargo test`:

    cargo build
    npm install --prefix node html-validate caniemail axe-core playwright-core
    python3 tests/validators/mail.py [--binary target/debug/retaind] [--node node] [--chromium /usr/bin/chromium]

The real binary makes every kind of report, a digest, a breach, a letter and a notice of the demo's shop in every
language. Each mail is below the size at which Gmail clips it, has pictures with words in their stead and a
text part; its HTML is held against an HTML validator (html-validate), a published list of what Gmail, Outlook and Apple
Mail support (caniemail; what is known is listed with its reason in mail.mjs) and rules of accessibility (axe-core,
in Chromium, light on a desk and dark on a phone of 360 pixels). Exit code 1 and a line for each thing that is not so.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import mails

# As in src/render/fit.rs: encoded bytes of HTML.
HTML_MAX = 100_000

WRONG = []


def check(holds, what):
    if not holds:
        WRONG.append(what)
        print("WRONG", what)


def look(mail):
    case = f"{mail.name} {mail.language}"
    check(mail.html_bytes <= HTML_MAX, f"{case}: {mail.html_bytes} bytes of HTML")
    images = re.findall(r"<img [^>]*>", mail.html)
    check(len(images) == len(mail.pictures), f"{case}: {len(images)} pictures in HTML, {len(mail.pictures)} attached")
    for image in images:
        alt = re.search(r'alt="([^"]*)"', image)
        check(alt and re.search(r"\d", alt.group(1)), f"{case}: a picture whose words name no figure: {image[:120]}")
        width = re.search(r'width="(\d+)"', image)
        check(width and int(width.group(1)) <= 606, f"{case}: a picture without a width that Word can show")
    levels = [int(level) for level in re.findall(r"<h([1-6])", mail.html)]
    check(levels[:1] == [1] and all(b - a <= 1 for a, b in zip(levels, levels[1:])), f"{case}: headings {levels}")
    names = re.findall(r'<a [^>]*aria-label="([^"]+)"', mail.html)
    check(len(names) == len(set(names)), f"{case}: links of one name that lead to several places")
    check(len(mail.text) > 40 and "<" not in mail.text.replace("<&>", ""), f"{case}: the text part")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default="target/debug/retaind")
    parser.add_argument("--node", default="node")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        out, largest, count = Path(root) / "html", None, 0
        out.mkdir()
        for mail in mails.everything(options.binary, Path(root) / "shop"):
            look(mail)
            (out / f"{mail.name}.{mail.language}.html").write_text(mail.html)
            (out / f"{mail.name}.{mail.language}.alone.html").write_text(mail.alone())
            largest = max(largest or mail, mail, key=lambda m: m.html_bytes)
            count += 1
        print(f"      {count} mails; the largest HTML is {largest.html_bytes} bytes ({largest.name}, {largest.language})")
        judges = Path(__file__).with_name("mail.mjs")
        done = subprocess.run(["node", judges, out, options.node, options.chromium])
        sys.exit(1 if WRONG or done.returncode else 0)


main()
