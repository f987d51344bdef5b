#!/usr/bin/env python3
"""Contact sheets of every mail: a picture a language, light and dark, on a desk and a phone.

Run by hand, not by `cargo test`:

    cargo build
    python3 -m venv venv && venv/bin/pip install playwright pillow
    venv/bin/python tests/validators/gallery.py [--binary target/debug/retaind] [--out target/gallery]
        [--chromium /usr/bin/chromium] [--only executive,digest]

The real binary makes every kind of mail of the demo's shop in every language (a font with Chinese must be there);
Chromium shows each at 1200 and 390 pixels, light and dark. For each kind and each of these four there is one sheet
with the six languages side by side, and the pictures themselves beside it. What is wider than its window is told,
with exit code 1; everything else is for eyes.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

import mails

GAP = 12


def sheet(shots, path):
    """The languages side by side, on grey."""
    images = [Image.open(shot) for shot in shots]
    width = sum(image.width + GAP for image in images) + GAP
    whole = Image.new("RGB", (width, max(image.height for image in images) + 2 * GAP), "#808080")
    left = GAP
    for image in images:
        whole.paste(image, (left, GAP))
        left += image.width + GAP
    whole.save(path, optimize=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default="target/debug/retaind")
    parser.add_argument("--out", default="target/gallery")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    out, wrong = Path(options.out), 0
    (out / "mails").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as root:
        found = list(mails.everything(options.binary, Path(root) / "shop"))
    only = [name for name in options.only.split(",") if name]
    found = [mail for mail in found if not only or mail.name in only]
    for mail in found:
        (out / "mails" / f"{mail.name}.{mail.language}.html").write_text(mail.alone())
    names = list(dict.fromkeys(mail.name for mail in found))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        for scheme in ["light", "dark"]:
            for width in [1200, 390]:
                page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
                for name in names:
                    shots = []
                    for language in mails.LANGUAGES:
                        html = out / "mails" / f"{name}.{language}.html"
                        page.goto(html.resolve().as_uri())
                        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                        if over > 0:
                            wrong += 1
                            print(f"WRONG {name} {language} at {width}: wider than the window by {over} pixels")
                        shots.append(out / "mails" / f"{name}.{language}-{width}-{scheme}.png")
                        # On a desk the page is empty beside the mail.
                        page.screenshot(path=shots[-1], full_page=True)
                        if width == 1200:
                            image = Image.open(shots[-1])
                            image.crop((240, 0, 960, image.height)).save(shots[-1])
                    sheet(shots, out / f"{name}-{width}-{scheme}.png")
                page.close()
        browser.close()
    print(f"{len(found)} mails, {4 * len(names)} sheets in {out}")
    sys.exit(1 if wrong else 0)


main()
