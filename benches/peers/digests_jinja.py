"""Digests by Jinja and Python's email: the words come ready, one view a line; printed are seconds of processor a digest.

The templates are ours in Jinja's words, without the frame around the page.
"""

import json
import sys
import time
from email.message import EmailMessage

from jinja2 import Environment

HTML = """<h1 style="margin:0 0 6px 0;font-size:22px;">{{ v.title }}</h1>
{% for line in v.lead %}<p style="margin:0 0 8px 0;font-size:15px;line-height:23px;">{{ line }}</p>{% endfor %}
{% for block in v.blocks %}{% if block['items'] %}<table role="presentation" width="100%" cellpadding="0" cellspacing="0">
{% for item in block['items'] %}<tr><td width="28" style="border-top:1px solid #e3e6ea;padding:12px 0;">{{ item.number }}.</td>
<td style="border-top:1px solid #e3e6ea;padding:12px 0;vertical-align:top;font-size:14px;line-height:20px;">
<strong style="font-size:15px;">{{ item.customer }}</strong> · <span style="{% if item.late %}color:#b3261e;{% endif %}">{{ item.why }}</span>
{% if item.what %}<br>“{{ item.what }}”{% endif %}
{% for more in item.more %}<br>+ {{ more.why }}{% if more.what %}: “{{ more.what }}”{% endif %}{% endfor %}
<br><span style="font-size:13px;color:#697586;">{{ item.facts }}</span>
{% if item.reach %}<br>{% for reach in item.reach %}{% if not loop.first %} · {% endif %}<a href="{{ reach.url }}" style="color:#1f5fbf;">{{ reach.text }}</a>{% endfor %}{% endif %}
{% if item.actions %}<br>{% for action in item.actions %}<a href="{{ action.url }}" target="_blank" rel="noopener noreferrer" style="display:inline-block;min-width:72px;padding:11px 16px;border:1px solid #c9d0d9;">{{ action.text }}</a>{% endfor %}{% endif %}
</td></tr>{% endfor %}</table>{% endif %}
{% if block.paragraph %}<p style="margin:14px 0 0 0;">{{ block.paragraph }}</p>{% endif %}{% endfor %}
{% for note in v.notes %}<p style="margin:18px 0 0 0;font-size:12px;color:#697586;">{{ note }}</p>{% endfor %}
"""

TEXT = """{{ v.title }}
{% for line in v.lead %}{{ line }}
{% endfor %}{% for block in v.blocks %}{% for item in block['items'] or [] %}
{{ item.number }}. {{ item.customer }} · {{ item.why }}
{% if item.what %}   "{{ item.what }}"
{% endif %}{% for more in item.more %}   + {{ more.why }}{% if more.what %}: "{{ more.what }}"{% endif %}
{% endfor %}   {{ item.facts }}
   {% for reach in item.reach %}{% if not loop.first %} · {% endif %}{{ reach.text }}{% endfor %}
{% for action in item.actions %}   {{ action.text }}: {{ action.url }}
{% endfor %}{% endfor %}{% if block.paragraph %}
{{ block.paragraph }}
{% endif %}{% endfor %}{% for note in v.notes %}{{ note }}
{% endfor %}
-- 
{{ v.sent_by }}
"""


def main():
    views = [json.loads(line) for line in sys.stdin]
    html = Environment(autoescape=True).from_string(HTML)
    text = Environment().from_string(TEXT)
    start = time.process_time()
    for view in views:
        mail = EmailMessage()
        mail["From"] = "Shop <shop@example.com>"
        mail["To"] = "Rep <rep@example.com>"
        mail["Subject"] = view["subject"]
        mail["Message-ID"] = "<1@example.com>"
        mail.set_content(text.render(v=view))
        page = html.render(v=view)
        mail.add_alternative(page, subtype="html")
        customers = [item["customer"] for block in view["blocks"] for item in block["items"] or []]
        if not customers or page.count("<strong") != len(customers) or not bytes(mail):
            sys.exit("a page lacks customers")
    print((time.process_time() - start) / len(views))


main()
