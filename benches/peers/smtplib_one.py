"""Python's smtplib over one kept connection: python3 smtplib_one.py PORT MESSAGES BYTES"""
import smtplib
import sys
from email.message import EmailMessage

port, messages, size = map(int, sys.argv[1:])
line = "Ana Lima, Casa Verde: 3 follow-ups today, one of them overdue.\n"
text = line * ((size - 400) // len(line))
with smtplib.SMTP("127.0.0.1", port) as smtp:
    for number in range(messages):
        mail = EmailMessage()
        mail["From"] = "Shop <shop@example.com>"
        mail["To"] = f"c{number}@example.com"
        mail["Subject"] = f"Weekly report {number}"
        mail.set_content(text)
        smtp.send_message(mail)
