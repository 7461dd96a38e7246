"""libopendkim, octet for octet: verifies or signs every file of a list, one JSON object a line.

verify ZONE FILE...: ZONE has a line "name record" for each key.
sign KEYS FILE...: KEYS is JSON, {"canonicalizations": [...], "keys": [{"algorithm", "pem", "domain", "selector"}]}.
"""
import ctypes
import json
import sys

lib = ctypes.CDLL("libopendkim.so.11")
pointer = ctypes.c_void_p
for function in ("dkim_init", "dkim_verify", "dkim_sign"):
    getattr(lib, function).restype = pointer
lib.dkim_sig_geterrorstr.restype = ctypes.c_char_p
lib.dkim_sig_getselector.restype = ctypes.c_char_p

SETOPT, FLAGS, QUERYMETHOD, QUERYINFO, CLOCKDRIFT = 1, 0, 6, 7, 12
FILE, KEEP_GOING = 1, 0x400
PASSED, MATCH = 0x04, 0
ALGORITHMS = {"rsa-sha256": 1, "ed25519-sha256": 2}
CANONICALIZATIONS = {"simple": 0, "relaxed": 1}


def option(handle, name, value):
    status = lib.dkim_options(pointer(handle), SETOPT, name, ctypes.byref(value), ctypes.sizeof(value))
    assert status == 0, f"dkim_options {name}: {status}"


def feed(message, octets):
    # As a milter would say it: dkim_chunk takes the last field's line end for a part of it without an empty line.
    if b"\r\n\r\n" not in octets:
        octets += b"\r\n"
    status = lib.dkim_chunk(pointer(message), octets, ctypes.c_size_t(len(octets)))
    if status == 0:
        status = lib.dkim_chunk(pointer(message), None, ctypes.c_size_t(0))
    return status


def verify(handle, octets):
    status = ctypes.c_int()
    message = lib.dkim_verify(pointer(handle), b"test", None, ctypes.byref(status))
    assert message, f"dkim_verify: {status.value}"
    fed = feed(message, octets)
    ended = lib.dkim_eom(pointer(message), None)
    found, count = ctypes.POINTER(pointer)(), ctypes.c_int()
    lib.dkim_getsiglist(pointer(message), ctypes.byref(found), ctypes.byref(count))
    results = []
    for index in range(count.value):
        signature = pointer(found[index])
        if lib.dkim_sig_process(pointer(message), signature) != 0:
            pass  # the error is with the signature
        passed = lib.dkim_sig_getflags(signature) & PASSED and lib.dkim_sig_getbh(signature) == MATCH
        error = lib.dkim_sig_geterrorstr(lib.dkim_sig_geterror(signature)).decode()
        selector = (lib.dkim_sig_getselector(signature) or b"").decode()
        results.append({"selector": selector, "result": "pass" if passed else f"{error} ({fed}, {ended})"})
    lib.dkim_free(pointer(message))
    return results


def sign(handle, octets, key, canonicalization):
    header, body = (CANONICALIZATIONS[each] for each in canonicalization.split("/"))
    status = ctypes.c_int()
    message = lib.dkim_sign(pointer(handle), b"test", None, key["pem"].encode(), key["selector"].encode(),
                            key["domain"].encode(), header, body, ALGORITHMS[key["algorithm"]],
                            ctypes.c_ssize_t(-1), ctypes.byref(status))
    assert message, f"dkim_sign: {status.value}"
    # Where it wraps, it may wrap before b= once the value is in and not while it hashes: wrong with "simple" header.
    assert lib.dkim_set_margin(pointer(message), 0) == 0
    fed = feed(message, octets)
    ended = lib.dkim_eom(pointer(message), None)
    assert fed == 0 and ended == 0, f"signing ended with {fed}, {ended}"
    text, length = ctypes.c_char_p(), ctypes.c_size_t()
    assert lib.dkim_getsighdr_d(pointer(message), ctypes.c_size_t(16), ctypes.byref(text), ctypes.byref(length)) == 0
    value = text.value[:length.value].decode()
    lib.dkim_free(pointer(message))
    return "DKIM-Signature: " + value.replace("\r\n", "\n").replace("\n", "\r\n") + "\r\n"


def main():
    mode, setup, *files = sys.argv[1:]
    handle = lib.dkim_init(None, None)
    option(handle, FLAGS, ctypes.c_uint(KEEP_GOING))
    option(handle, CLOCKDRIFT, ctypes.c_uint64(300))
    if mode == "verify":
        option(handle, QUERYMETHOD, ctypes.c_int(FILE))
        path = ctypes.create_string_buffer(setup.encode())
        status = lib.dkim_options(pointer(handle), SETOPT, QUERYINFO, path, ctypes.c_size_t(len(setup)))
        assert status == 0, f"query file: {status}"
    else:
        with open(setup, encoding="ascii") as file:
            keys = json.load(file)
    for place, name in enumerate(files):
        with open(name, "rb") as file:
            octets = file.read()
        if mode == "verify":
            print(json.dumps({"file": name, "results": verify(handle, octets)}))
        else:
            for offset, key in enumerate(keys["keys"]):
                canonicalization = keys["canonicalizations"][(place + offset) % len(keys["canonicalizations"])]
                print(json.dumps({"file": name, "canonicalization": canonicalization, "algorithm": key["algorithm"],
                                  "field": sign(handle, octets, key, canonicalization)}))


main()
