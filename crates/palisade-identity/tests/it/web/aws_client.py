"""botocore assumes a role with a web identity. The service it asks stands here and proves tokens as
a cloud does: by the discovery document and the keys of the issuer, with PyJWT."""

import json
import os
import ssl
import sys
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import botocore.exceptions
import botocore.session
import jwt

issuer, audience, file, wrong = sys.argv[1:]
context = ssl.create_default_context(cafile=os.environ["PALISADE_TEST_CA"])
seen = {}

ANSWER = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult>
<SubjectFromWebIdentityToken>{subject}</SubjectFromWebIdentityToken>
<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>none</SecretAccessKey>
<SessionToken>none</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""
ERROR = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>InvalidIdentityToken</Code><Message>{reason}</Message></Error></ErrorResponse>"""


def proven(token):
    with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", context=context) as page:
        discovery = json.load(page)
    assert discovery["issuer"] == issuer
    keys = jwt.PyJWKClient(discovery["jwks_uri"], ssl_context=context)
    allowed = discovery["id_token_signing_alg_values_supported"]
    key = keys.get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=allowed, audience=audience, issuer=issuer)
    return claims["sub"], jwt.get_unverified_header(token)["alg"]


class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        assert form["Action"] == ["AssumeRoleWithWebIdentity"], form
        try:
            seen["subject"], seen["algorithm"] = proven(form["WebIdentityToken"][0])
            status, answer = 200, ANSWER.format(subject=seen["subject"])
        except jwt.PyJWTError as error:
            status, answer = 400, ERROR.format(reason=type(error).__name__)
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_):
        pass


service = ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=service.serve_forever, daemon=True).start()
os.environ.update(
    AWS_ROLE_ARN="arn:aws:iam::123456789012:role/web",
    AWS_WEB_IDENTITY_TOKEN_FILE=file,
    AWS_ENDPOINT_URL_STS=f"http://127.0.0.1:{service.server_port}",
    AWS_REGION="eu-central-1",
    AWS_DEFAULT_REGION="eu-central-1",
    AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE="/nonexistent",
    AWS_SHARED_CREDENTIALS_FILE="/nonexistent",
    NO_PROXY="127.0.0.1,localhost",
)
for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
    os.environ.pop(name, None)
good = botocore.session.Session().get_credentials().get_frozen_credentials()
os.environ["AWS_WEB_IDENTITY_TOKEN_FILE"] = wrong
refused = ""
try:
    botocore.session.Session().get_credentials().get_frozen_credentials()
except botocore.exceptions.ClientError as error:
    refused = error.response["Error"]["Code"]
print(json.dumps({"access_key": good.access_key, "refused": refused, **seen}))
