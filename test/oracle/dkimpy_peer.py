"""Verifies with dkimpy: a JSON object {message, dns, now} a line in, a JSON list of {kind, result, detail} out."""

import base64
import json
import re
import sys
import time

import dkim


def verify(case):
    message = base64.b64decode(case["message"])
    records = {name.lower(): text.encode("latin-1") for name, text in case["dns"].items()}
    time.time = lambda: case["now"]

    def lookup(name, timeout=5):
        return records.get(name.decode("latin-1").rstrip(".").lower())

    header = message.split(b"\r\n\r\n", 1)[0]
    count = len(re.findall(rb"(?im)^dkim-signature[ \t]*:", header))
    results = []
    for index in range(count):
        try:
            passed = dkim.DKIM(message, minkey=1024).verify(idx=index, dnsfunc=lookup)
            results.append({"kind": "dkim", "result": "pass" if passed else "fail", "detail": ""})
        except Exception as error:  # A refusal is an exception there.
            results.append({"kind": "dkim", "result": "permerror", "detail": str(error)})
    return results


for line in sys.stdin:
    print(json.dumps(verify(json.loads(line))), flush=True)
