"""Makes every call of the Workload API by py-spiffe, and follows a rotation.

usage: workload_client.py ADDRESS
"""

import json
import queue
import sys

from cryptography.hazmat.primitives.serialization import Encoding
from spiffe import WorkloadApiClient

PATIENCE = 60


def tell(**line):
    print(json.dumps(line), flush=True)


def serial(context):
    return hex(context.default_svid.leaf.serial_number)


with WorkloadApiClient(sys.argv[1], default_timeout=PATIENCE) as client:
    svids = client.fetch_x509_svids()
    tell(ids=[str(svid.spiffe_id) for svid in svids])

    bundles = client.fetch_x509_bundles()
    tell(bundles=sorted(bundle.trust_domain.name for bundle in bundles.bundles))

    token = client.fetch_jwt_svid(audience={"shop"})
    valid = client.validate_jwt_svid(token.token, "shop")
    tell(subject=str(valid.spiffe_id))
    try:
        client.validate_jwt_svid(token.token, "bank")
    except Exception as error:
        tell(refused=str(error))

    keys = client.fetch_jwt_bundles()
    tell(keys=sorted(bundle.trust_domain.name for bundle in keys.bundles))

    contexts = queue.Queue()
    stream = client.stream_x509_contexts(contexts.put, contexts.put, retry_connect=False)
    first = contexts.get(timeout=PATIENCE)
    tell(waits=True)
    second = contexts.get(timeout=PATIENCE)
    tell(rotated=serial(first) != serial(second))
    stream.cancel()
