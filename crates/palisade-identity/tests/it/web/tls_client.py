"""Says which versions of TLS and which cipher suites of TLS 1.2 a server speaks, by OpenSSL."""

import json
import os
import socket
import ssl
import sys
import urllib.parse
import warnings

warnings.simplefilter("ignore", DeprecationWarning)
address = urllib.parse.urlsplit(sys.argv[1])
VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
SUITES = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-ECDSA-AES256-SHA",
]


def speaks(version, suite):
    context = ssl.create_default_context(cafile=os.environ["PALISADE_TEST_CA"])
    context.minimum_version = context.maximum_version = version
    # Level 0, so that this side refuses nothing.
    context.set_ciphers(f"{suite}:@SECLEVEL=0")
    with socket.create_connection((address.hostname, address.port), timeout=30) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=address.hostname):
                return True
        except (ssl.SSLError, ConnectionError):
            return False


found = {name: speaks(version, "ALL") for name, version in VERSIONS.items()}
found |= {suite: speaks(ssl.TLSVersion.TLSv1_2, suite) for suite in SUITES}
print(json.dumps(found))
