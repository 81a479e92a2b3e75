"""google-auth exchanges a token from a file, and is refused for an audience that no rule allows."""

import json
import os
import sys

import google.auth.exceptions
import google.auth.transport.requests
import requests
from google.auth import identity_pool

url, file, audience = sys.argv[1:]
session = requests.Session()
session.verify = os.environ["PALISADE_TEST_CA"]
transport = google.auth.transport.requests.Request(session=session)


def credentials(audience):
    return identity_pool.Credentials(
        audience=audience,
        subject_token_type="urn:ietf:params:oauth:token-type:jwt",
        token_url=url,
        credential_source={"file": file},
    )


good = credentials(audience)
good.refresh(transport)
refused = ""
try:
    credentials("//iam.example/pools/other").refresh(transport)
except google.auth.exceptions.OAuthError as error:
    refused = "invalid_target" if "invalid_target" in str(error) else str(error)
print(json.dumps({"token": good.token, "valid": good.valid, "refused": refused}))
