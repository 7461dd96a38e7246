"""Reads mails in base64, one a line; says "exe" for each in which Python's readers see a file called .exe, else "-"."""
import base64
import email
import re
import sys
from email import policy
from email.header import decode_header


def names(part):
    name = part.get_filename()
    if not name:
        return
    yield str(name)
    yield "".join(
        text.decode(charset or "latin1", "replace") if isinstance(text, bytes) else text
        for text, charset in decode_header(str(name))
    )


def sees_exe(octets, rules):
    try:
        message = email.message_from_bytes(octets, policy=rules)
        found = [name for part in message.walk() for name in names(part)]
    except Exception:
        return False
    return any(re.search(r"\.exe[\"'. \t]*$", name.strip(), re.I) for name in found)


for line in sys.stdin:
    octets = base64.b64decode(line)
    seen = any(sees_exe(octets, rules) for rules in (policy.compat32, policy.default))
    print("exe" if seen else "-")
