#!/usr/bin/env python3
"""Asks a node for a residence check, as the system by which people apply would (docs/api.md).

    TOKEN=... residence_check.py https://ho.example:8443 ca.pem apply.pem apply.key < request.json

Nothing but the standard library. The token is one of the node's issuer for this program, bound to the certificate. The
request is printed nowhere; its `request` names the act, so that asking again after a failure makes no second check.
"""

import http.client
import json
import os
import ssl
import sys
import urllib.parse


def check(url: str, tls: ssl.SSLContext, token: str, request: bytes) -> tuple[int, dict]:
    """The status and the body of the answer: an outcome (200), or a problem whose `code` is stable."""
    at = urllib.parse.urlsplit(url)
    node = http.client.HTTPSConnection(at.hostname, at.port or 443, context=tls, timeout=40)
    try:
        node.request("POST", "/v1/residence-checks", request, {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Accept": "application/vnd.concordat.v1+json",
        })
        answer = node.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        node.close()


def main() -> int:
    url, authority, certificate, key = sys.argv[1:]
    tls = ssl.create_default_context(cafile=authority)
    tls.load_cert_chain(certificate, key)
    status, told = check(url, tls, os.environ["TOKEN"], sys.stdin.buffer.read())
    if status == 200:
        print(told["outcome"], told["guidance"])
        return 0
    # A 429 or 503 may be asked again later, under the same `request`; the others are to be mended first.
    print(told["code"], told["title"], told["detail"], file=sys.stderr)
    for rule in told.get("rules", []):
        print(rule["rule"], rule["what"], file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
