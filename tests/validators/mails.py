"""Every mail there is, in every language, made by the real binary on the demo's shop: what `mail.py` and
`gallery.py` look at.
"""

import email
import email.policy
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

LANGUAGES = ["en", "es", "pt-BR", "ru", "uk", "zh-CN"]

REPORTS = ["churn", "value", "rfm", "cohort", "survival", "care", "funnel", "executive"]

# Name, job, occurrence. In October two segments left the bounds of their watch; in November one is back.
OTHERS = [
    ("weekly", "weekly", "2026-11-02T08:00"),
    ("digest", "reps", "2026-11-03T08:30"),
    ("breach", "key-accounts", "2026-11-02T08:00"),
    ("greeting", "letters", "2026-11-03T09:00"),
]

# A person a language, who get every report and every breach.
PEOPLE = "".join(
    f'[people.reader-{tag}]\nname = "Reader {tag}"\nemail = "{tag.lower()}@example.com"\nlanguage = "{tag}"\n'
    'zone = "America/Sao_Paulo"\nvia = ["office"]\n\n'
    for tag in LANGUAGES
)

LETTERS = """
[rules.letters]
kind = "anniversary"

[rules.notices]
kind = "renewal"
lead_days = [60, 30, 7]

[jobs.letters]
kind = "greetings"
cron = "0 9 * * *"
via = ["office"]
rules = ["letters", "notices"]
letter = { signed = "Coffee & Pantry", imprint = "Coffee & Pantry Ltda, Rua das Flores 120, Curitiba", stop = "stop@example.com" }
"""


@dataclass
class Mail:
    """A mail, taken apart."""

    name: str
    language: str
    subject: str
    html: str
    html_bytes: int
    text: str
    pictures: dict
    files: list

    def alone(self):
        """Its HTML with the pictures inside, for a browser."""
        import base64

        html = self.html
        for cid, png in self.pictures.items():
            html = html.replace(f'"cid:{cid}"', f'"data:image/png;base64,{base64.b64encode(png).decode()}"')
        return html


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, **options)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def configure(folder):
    """The demo's configuration with a job a kind of report, and everything by mail."""
    text = (folder / "retaind.toml").read_text()
    start = text.index("[channels.office]")
    end = text.index("\n[", start + 5)
    office = '[channels.office]\nkind = "folder"\nfrom = "Coffee & Pantry <reports@example.com>"\nfolder = "mails"\n'
    text = text[:start] + office + text[end:]
    readers = "[" + ", ".join(f'"reader-{tag}"' for tag in LANGUAGES) + "]"
    text = text.replace('via = ["sales-chat"]\nto = ["lena"]', 'via = ["office"]\nto = ["lena"]')
    text = re.sub(r'to = \["(managers"(, "crm")?|lena")\]\n', f"to = {readers}\n", text)
    text = text.replace("[people.ana]", PEOPLE + "[people.ana]")
    text += "".join(
        f'\n[jobs.r-{kind}]\nkind = "report"\nreport = "{kind}"\nperiod = "month"\nsplit = ["segment", "owner"]\n'
        f'cron = "0 8 2 * *"\nto = {readers}\nattach = ["xlsx"]\n'
        for kind in REPORTS
    )
    path = folder / "mails.toml"
    path.write_text(text + LETTERS)
    return path


def parts(name, raw):
    """A mail, read as a mail program reads it."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    pictures, files, html, text = {}, [], None, None
    for part in message.walk():
        kind = part.get_content_type()
        if part.get_content_disposition() == "attachment":
            files.append(part.get_filename())
        elif kind == "text/html":
            html = part
        elif kind == "text/plain":
            text = part
        elif kind.startswith("image/"):
            pictures[part["Content-ID"].strip("<>")] = part.get_content()
    body = html.get_content()
    language = re.search(r'<html[^>]* lang="([^"]+)"', body).group(1)
    size = len(html.as_bytes())
    return Mail(name, language, message["Subject"], body, size, text.get_content(), pictures, files)


def preview(binary, config, folder, name, job, at):
    out = folder / f"out-{name}"
    run([binary, "--config", config, "preview", job, "--at", at, "--out", out])
    found = {}
    for path in sorted(out.glob("*.eml")):
        mail = parts(name, path.read_bytes())
        # Of several digests or letters in a language the longest shows most.
        if mail.language not in found or len(mail.html) > len(found[mail.language].html):
            found[mail.language] = mail
    missing = [tag for tag in LANGUAGES if tag not in found]
    if missing:
        raise SystemExit(f"{name}: no mail in {', '.join(missing)}")
    return [found[tag] for tag in LANGUAGES]


def notices(binary, config):
    """A test message a language, read from the outbox."""
    import json

    for tag in LANGUAGES:
        run([binary, "--config", config, "fire", "--test", f"reader-{tag}"])
    waiting = json.loads(run([binary, "--config", config, "outbox", "list", "--json"]))
    for row in waiting:
        if row["recipient"].startswith("reader-"):
            source = run([binary, "--config", config, "outbox", "show", str(row["id"]), "--source"])
            yield parts("notice", source.encode())


def everything(binary, folder):
    """Every kind of mail in every language."""
    binary, folder = Path(binary).resolve(), Path(folder).resolve()
    if not folder.exists():
        run([binary, "demo", "--once", "--dir", folder])
    config = configure(folder)
    for kind in REPORTS:
        yield from preview(binary, config, folder, kind, f"r-{kind}", "2026-11-02T08:00")
    for name, job, at in OTHERS:
        yield from preview(binary, config, folder, name, job, at)
    yield from notices(binary, config)
