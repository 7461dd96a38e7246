"""dkimpy: verifies the ARC chain of every file of a list, one JSON object a line.

ZONE FILE...: ZONE has a line "name record" for each key.
"""
import json
import sys

import dkim


def main():
    zone_file, *files = sys.argv[1:]
    with open(zone_file, "rb") as file:
        zone = dict(line.split(b" ", 1) for line in file.read().splitlines())
    for name in files:
        with open(name, "rb") as file:
            octets = file.read()
        cv, _, reason = dkim.ARC(octets).verify(dnsfunc=lambda key, timeout=5: zone.get(key.rstrip(b".").lower()))
        print(json.dumps({"file": name, "cv": cv.decode(), "reason": reason}))


main()
