#!/usr/bin/env python3
"""Holds messages for chat services against the services' own libraries.

Run by hand, not by `cargo test`:

    cargo build
    python3 -m venv venv && venv/bin/pip install slack_sdk discord.py python-telegram-bot google-apps-chat
    npm install --prefix node adaptivecards
    venv/bin/python tests/validators/chats.py [--binary target/debug/retaind] [--node node]

It makes the demo's shop, asks `retaind preview` for a morning's digests and a week's report as each service would get
them, in all languages, and reads them as the libraries do: Slack's models with their limits, Discord's embeds with theirs,
Telegram's entities over the text as Telegram cuts it, Google Chat's cards by its protocol buffers, Adaptive Cards by
Microsoft's parser. Exit code 1 and a line for
each thing that is not so.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import discord
import telegram
from google.apps import chat_v1
from google.protobuf.json_format import MessageToDict, ParseDict
from slack_sdk.models.blocks import Block

WRONG = []
LANGUAGES = ["en", "es", "pt-BR", "ru", "uk", "zh-CN"]
ADDRESSED = 'token = { file = "slack-url" }\nchat = "17"\n'
BY_URL = 'url = { file = "slack-url" }\n'
CARDS = """
globalThis.self = globalThis;
const { AdaptiveCard, SerializationContext, Versions } = require(process.argv[1]);
let wrong = 0;
for (const text of require('fs').readFileSync(0, 'utf8').trim().split('\\n')) {
  const card = new AdaptiveCard();
  const context = new SerializationContext(Versions.v1_5);
  card.parse(JSON.parse(text), context);
  const found = card.validateProperties().validationEvents;
  for (let n = 0; n < context.eventCount; n++) found.push(context.getEventAt(n));
  for (const event of found) { wrong++; console.log(event.message || JSON.stringify(event)); }
}
process.exit(wrong ? 1 : 0);
"""


def check(holds, what):
    if not holds:
        WRONG.append(what)
        print("WRONG", what)


def messages(binary, folder, kind, keys, language):
    """What the reps' morning and a week's report look like at a service."""
    text = (folder / "retaind.toml").read_text()
    start = text.index("[channels.sales-chat]")
    end = text.index("\n[", start + 5)
    text = text[:start] + f'[channels.sales-chat]\nkind = "{kind}"\n{keys}' + text[end:]
    text = re.sub(r'language = "[^"]*"', f'language = "{language}"', text)
    config, out = folder / f"{kind}.toml", folder / f"out-{kind}-{language}"
    config.write_text(text)
    for job, at in [("reps", "2026-11-03T08:30"), ("monthly", "2026-11-02T08:00"), ("key-accounts", "2026-11-02T08:00")]:
        command = [binary, "--config", str(config), "preview", job, "--at", at, "--out", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        check(done.returncode == 0, f"{kind} {language} {job}: {done.stderr}")
        yield from (json.loads(path.read_text()) for path in sorted(out.glob("*sales-chat*.json")))


def slack(message, case):
    try:
        blocks = Block.parse_all(message["blocks"])
        for block in blocks:
            block.validate_json()
        check(len(blocks) == len(message["blocks"]) <= 50, f"{case}: a block is not known")
    except Exception as wrong:
        check(False, f"{case}: {wrong}")


def of_discord(message, case):
    for given in message["embeds"]:
        embed = discord.Embed.from_dict(given)
        kept = embed.to_dict()
        check(all(kept.get(key) == value for key, value in given.items()), f"{case}: a field is not known")
        check(len(embed) <= 6000 and len(embed.description) <= 4096 and len(embed.title) <= 256, f"{case}: too long")


def of_telegram(message, case):
    text = message["text"].encode("utf-16-le")
    check(len(text) // 2 <= 4096, f"{case}: too long")
    telegram.LinkPreviewOptions(**message["link_preview_options"])
    for given in message["entities"]:
        entity = telegram.MessageEntity(**given)
        check(entity.type in telegram.MessageEntity.ALL_TYPES, f"{case}: {entity.type}")
        words = text[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")
        check(words.strip() != "" and len(words.encode("utf-16-le")) == 2 * entity.length, f"{case}: {words!r}")


def google_chat(message, case):
    try:
        # Names that the protocol does not have are refused.
        parsed = ParseDict(message, chat_v1.Message.pb(chat_v1.Message()))
    except Exception as wrong:
        check(False, f"{case}: {wrong}")
        return
    check(MessageToDict(parsed) == message, f"{case}: something is lost")
    check(len(json.dumps(message, ensure_ascii=False).encode()) <= 32_000, f"{case}: too long")
    for card in parsed.cards_v2:
        check(card.card.header.title != "" and len(card.card.sections) > 0, f"{case}: nothing to see")
        widgets = [widget for section in card.card.sections for widget in section.widgets]
        check(0 < len(widgets) <= 100, f"{case}: {len(widgets)} widgets")
        check(all(widget.text_paragraph.text.strip() for widget in widgets), f"{case}: an empty paragraph")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default="target/debug/retaind")
    parser.add_argument("--node", default="node")
    options = parser.parse_args()
    binary = str(Path(options.binary).resolve())
    library = str(Path(options.node).resolve() / "node_modules" / "adaptivecards" / "dist" / "adaptivecards.js")
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "shop"
        subprocess.run([binary, "demo", "--once", "--dir", str(folder)], check=True, capture_output=True, timeout=180)
        for kind, keys, holds in [
            ("slack", BY_URL, slack),
            ("discord", BY_URL, of_discord),
            ("telegram", ADDRESSED, of_telegram),
            ("google_chat", BY_URL, google_chat),
            ("teams", BY_URL, None),
        ]:
            count, cards = 0, []
            for language in LANGUAGES:
                for message in messages(binary, folder, kind, keys, language):
                    count += 1
                    if holds:
                        holds(message, f"{kind} {language}")
                    else:
                        check(len(json.dumps(message, ensure_ascii=False).encode()) <= 28 * 1024, f"{kind}: too long")
                        cards.append(json.dumps(message["attachments"][0]["content"]))
            if cards:
                done = subprocess.run(["node", "-e", CARDS, library], input="\n".join(cards), capture_output=True, text=True)
                check(done.returncode == 0, f"{kind}: {done.stdout[:500]}{done.stderr[:500]}")
            print("ok    " if not WRONG else "      ", count, "messages for", kind)
    sys.exit(1 if WRONG else 0)


main()
