"""dkimpy: verifies or signs every file of a list, one JSON object a line.

verify ZONE FILE...: ZONE has a line "name record" for each key.
sign KEYS FILE...: KEYS is JSON, {"canonicalizations": [...], "keys": [{"algorithm", "pem", "seed", "domain", "selector"}]}.
"""
import json
import sys

import dkim


def selector_of(value):
    tags = (tag.split(b"=", 1) for tag in value.split(b";"))
    return next((tag[1].strip().decode() for tag in tags if tag[0].strip() == b"s"), "")


def readable(octets):
    """False for a field name with white space before its colon, which dkimpy takes for broken."""
    try:
        dkim.DKIM(octets)
    except dkim.MessageFormatError:
        return False
    return True


def verify(octets, zone):
    message = dkim.DKIM(octets)
    values = [value for name, value in message.headers if name.lower() == b"dkim-signature"]
    results = []
    for index, value in enumerate(values):
        try:
            passed = dkim.DKIM(octets).verify(index, dnsfunc=lambda name, timeout=5: zone.get(name.rstrip(b".").lower()))
            result = "pass" if passed else "fail"
        except dkim.DKIMException as error:
            result = str(error)
        results.append({"selector": selector_of(value), "result": result})
    return results


def sign(octets, key, canonicalization):
    secret = key["pem"] if key["algorithm"] == "rsa-sha256" else key["seed"]
    return dkim.DKIM(octets).sign(
        key["selector"].encode(), key["domain"].encode(), secret.encode(),
        signature_algorithm=key["algorithm"].encode(),
        canonicalize=tuple(canonicalization.encode().split(b"/")),
    ).decode("latin-1")


def main():
    mode, setup, *files = sys.argv[1:]
    with open(setup, "rb") as file:
        text = file.read()
    zone, keys = {}, {}
    if mode == "verify":
        zone = dict(line.split(b" ", 1) for line in text.splitlines())
    else:
        keys = json.loads(text)
    for place, name in enumerate(files):
        with open(name, "rb") as file:
            octets = file.read()
        if not readable(octets):
            continue
        if mode == "verify":
            print(json.dumps({"file": name, "results": verify(octets, zone)}))
            continue
        for offset, key in enumerate(keys["keys"]):
            canonicalization = keys["canonicalizations"][(place + offset) % len(keys["canonicalizations"])]
            print(json.dumps({"file": name, "canonicalization": canonicalization, "algorithm": key["algorithm"],
                              "field": sign(octets, key, canonicalization)}))


main()
