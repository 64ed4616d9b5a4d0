#!/usr/bin/env python3
"""Writes sigv4_vectors.json: requests and what botocore (python3-botocore) signs them with.

The first cases are those of AWS's published Signature Version 4 test suite, by its names: the same key, time, region and
service, the same requests. The others cover S3's paths, other services, session tokens and presigned URLs.
"""

import datetime
import json
import sys
from pathlib import Path
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQW+/=="
NOW = datetime.datetime(2015, 8, 30, 12, 36, 0, tzinfo=datetime.timezone.utc)
HOST = "example.amazonaws.com"
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

botocore.auth.get_current_datetime = lambda *_, **__: NOW

# name, method, target, headers besides Host, body
SUITE = [
    ("get-vanilla", "GET", "/", [], ""),
    ("get-vanilla-empty-query-key", "GET", "/?Param1=value1", [], ""),
    ("get-vanilla-query", "GET", "/", [], ""),
    ("get-vanilla-query-order-key", "GET", "/?Param1=value2&Param1=Value1", [], ""),
    ("get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", [], ""),
    ("get-vanilla-query-order-value", "GET", "/?Param1=value2&Param1=value1", [], ""),
    ("get-vanilla-query-unreserved", "GET", f"/?{UNRESERVED}={UNRESERVED}", [], ""),
    ("get-vanilla-utf8-query", "GET", f"/?{quote('ሴ')}=bar", [], ""),
    ("get-unreserved", "GET", f"/{UNRESERVED}", [], ""),
    ("get-utf8", "GET", "/ሴ", [], ""),
    ("get-space", "GET", "/example%20space/", [], ""),
    ("get-slash", "GET", "//", [], ""),
    ("get-slashes", "GET", "//example//", [], ""),
    ("get-slash-dot-slash", "GET", "/./", [], ""),
    ("get-slash-pointless-dot", "GET", "/./example", [], ""),
    ("get-relative", "GET", "/example/..", [], ""),
    ("get-relative-relative", "GET", "/example1/example2/../..", [], ""),
    ("get-header-key-duplicate", "GET", "/", [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")], ""),
    ("get-header-value-order", "GET", "/", [("My-Header1", v) for v in ("value4", "value1", "value3", "value2")], ""),
    ("get-header-value-trim", "GET", "/", [("My-Header1", " value1"), ("My-Header2", ' "a   b   c"')], ""),
    ("get-header-value-multiline", "GET", "/", [("My-Header1", "value1 value2 value3")], ""),
    ("post-header-key-case", "POST", "/", [], ""),
    ("post-header-key-sort", "POST", "/", [("My-Header1", "value1")], ""),
    ("post-header-value-case", "POST", "/", [("My-Header1", "VALUE1")], ""),
    ("post-vanilla", "POST", "/", [], ""),
    ("post-vanilla-empty-query-value", "POST", "/?Param1=value1", [], ""),
    ("post-vanilla-query", "POST", "/?Param1=value1", [], ""),
    ("post-x-www-form-urlencoded", "POST", "/", [("Content-Type", "application/x-www-form-urlencoded")], "Param1=value1"),
    ("post-x-www-form-urlencoded-parameters", "POST", "/",
     [("Content-Type", "application/x-www-form-urlencoded; charset=utf8")], "Param1=value1"),
]
# The same, for other services and kinds of signing: service and kind in front.
MORE = [
    ("states", "header", "start-execution", "POST", "/",
     [("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", "AWSStepFunctions.StartExecution")],
     '{"stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:a"}'),
    ("states", "token", "session-token", "POST", "/",
     [("X-Amz-Target", "AWSStepFunctions.ListStateMachines")], "{}"),
    ("s3", "header", "s3-object", "PUT", "/bucket/a%20b//c/../d%2Fe", [], "content"),
    ("s3", "header", "s3-list", "GET", "/bucket?list-type=2&prefix=a%2F&delimiter=%2F&empty=", [], ""),
    ("s3", "presigned", "s3-presigned", "GET", "/bucket/key%20one", [], ""),
    ("s3", "presigned-token", "s3-presigned-token", "GET", "/bucket/key", [], ""),
    ("service", "presigned", "presigned", "GET", "/a/../b?Param=value", [], ""),
    ("execute-api", "header", "encoded-twice", "GET", "/stage/a%2Fb/c%25d", [], ""),
]


def signer(service, kind):
    credentials = Credentials(KEY, SECRET, TOKEN if "token" in kind else None)
    if kind.startswith("presigned"):
        cls = botocore.auth.S3SigV4QueryAuth if service == "s3" else botocore.auth.SigV4QueryAuth
        return cls(credentials, service, "us-east-1", expires=600)
    cls = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    return cls(credentials, service, "us-east-1")


def vector(service, kind, name, method, target, headers, body):
    request = AWSRequest(method=method, url=f"http://{HOST}{target}", data=body.encode() or None)
    request.headers = HTTPHeaders()
    request.headers["Host"] = HOST
    for key, value in headers:
        request.headers.add_header(key, value)
    auth = signer(service, kind)
    auth.add_auth(request)
    return {
        "name": name, "service": service, "kind": kind, "method": method, "target": target, "body": body,
        "headers": [["Host", HOST], *map(list, headers)],
        "signed_target": request.url.split(HOST, 1)[1],
        "signed_headers": [[key, value] for key, value in request.headers.items()],
    }


def main():
    vectors = [vector("service", "header", *case) for case in SUITE]
    vectors += [vector("service", "token", "post-sts-header-before", "POST", "/", [], "")]
    vectors += [vector(*case) for case in MORE]
    document = {"access_key": KEY, "secret": SECRET, "token": TOKEN, "at": int(NOW.timestamp()), "vectors": vectors}
    path = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("sigv4_vectors.json"))
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
