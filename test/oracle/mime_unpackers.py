"""Programs that write the files of a mail into a folder: mails come one a line, as base64; "exe" for each in which the program
finds a file called so, "other" else. Usage: mime_unpackers.py munpack|ripmime|uudeview"""

import base64
import os
import shutil
import subprocess
import sys
import tempfile

COMMANDS = {
    "munpack": ["munpack", "-q", "-t", "-f"],
    "ripmime": ["ripmime", "-i", "-", "-d", "."],
    "uudeview": ["uudeview", "-i", "-q", "-"],
}
QUIET = subprocess.DEVNULL


def is_program(name):
    shown = "".join(c for c in name if c.isprintable()).rstrip(". ").lower()
    return shown.endswith(".exe")


for line in sys.stdin:
    folder = tempfile.mkdtemp()
    try:
        # They read what lies on a disk, with its line ends.
        mail = base64.b64decode(line).replace(b"\r\n", b"\n")
        subprocess.run(COMMANDS[sys.argv[1]], input=mail, cwd=folder, timeout=20, stdout=QUIET, stderr=QUIET)
        names = [name for _, _, files in os.walk(folder) for name in files]
    except subprocess.TimeoutExpired:
        names = []
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("exe" if any(is_program(name) for name in names) else "other")
