"""Calls the Workload API by gRPC alone and says what stands in the messages. The messages are read by
the descriptions that the server gives of itself.

usage: musts_client.py ADDRESS PART
"""

import base64
import json
import sys

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

PATIENCE = 60
MARK = (("workload.spiffe.io", "true"),)
channel = grpc.insecure_channel(sys.argv[1])
pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
service = pool.FindServiceByName("SpiffeWorkloadAPI")


def call(name, metadata=MARK, **fields):
    """The first message of an answer."""
    method = service.FindMethodByName(name)
    request = GetMessageClass(method.input_type)(**fields)
    read = GetMessageClass(method.output_type).FromString
    path = f"/SpiffeWorkloadAPI/{name}"
    if method.server_streaming:
        stream = channel.unary_stream(path, lambda m: m.SerializeToString(), read)
        answers = stream(request, metadata=metadata, timeout=PATIENCE)
        first = next(iter(answers))
        answers.cancel()
        return first
    ask = channel.unary_unary(path, lambda m: m.SerializeToString(), read)
    return ask(request, metadata=metadata, timeout=PATIENCE)


def code(name, **arguments):
    try:
        call(name, **arguments)
        return "answered"
    except grpc.RpcError as error:
        return error.code().name


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def mark():
    token = call("FetchJWTSVID", audience=["shop"]).svids[0].svid
    fields = {
        "FetchX509SVID": {},
        "FetchX509Bundles": {},
        "FetchJWTSVID": {"audience": ["shop"]},
        "FetchJWTBundles": {},
        "ValidateJWTSVID": {"audience": "shop", "svid": token},
    }
    found = {}
    for name, more in fields.items():
        found[f"{name} with nothing"] = code(name, metadata=(), **more)
        for value in ("true", "True", "1"):
            found[f"{name} with {value}"] = code(name, metadata=(("workload.spiffe.io", value),), **more)
    return found


def unserved():
    found = {}
    for name in ("FetchWITSVID", "FetchWITBundles", "Nothing"):
        ask = channel.unary_unary(f"/SpiffeWorkloadAPI/{name}")
        try:
            ask(b"", metadata=MARK, timeout=PATIENCE)
            found[name] = "answered"
        except grpc.RpcError as error:
            found[name] = error.code().name
    return found


def svid(message):
    leaf = x509.load_der_x509_certificate(message.x509_svid)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    limits = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key = load_der_private_key(message.x509_svid_key, None)
    # PKCS#8 begins with a version and an algorithm: a bare key of RFC 5915 has its version 1.
    pkcs8 = b"\x02\x01\x00\x30" in message.x509_svid_key[:8] or b"\x02\x01\x01\x30" in message.x509_svid_key[:8]
    return {
        "id": message.spiffe_id,
        "uri": names.get_values_for_type(x509.UniformResourceIdentifier)[0],
        "authority": limits.ca,
        "key": pkcs8 and key.public_key().public_bytes(*form) == leaf.public_key().public_bytes(*form),
        "bundle": certificates(message.bundle),
    }


def certificates(joined):
    """How many certificates stand one after another, and nothing else."""
    count = 0
    while joined:
        length = int.from_bytes(joined[2:4], "big") + 4
        assert joined[:2] == b"\x30\x82"
        x509.load_der_x509_certificate(joined[:length])
        joined, count = joined[length:], count + 1
    return count


def messages():
    x509_bundles = call("FetchX509Bundles").bundles
    jwt_bundles = call("FetchJWTBundles").bundles
    return {
        "svids": [svid(message) for message in call("FetchX509SVID").svids],
        "x509": {name: certificates(bundle) for name, bundle in x509_bundles.items()},
        "jwt": {name: [key["use"] for key in json.loads(keys)["keys"]] for name, keys in jwt_bundles.items()},
    }


def hints():
    return {
        "svids": [message.hint for message in call("FetchX509SVID").svids],
        "tokens": [message.hint for message in call("FetchJWTSVID", audience=["shop"]).svids],
    }


def tokens():
    found = call("FetchJWTSVID", audience=["shop", "bank"]).svids
    one = call("FetchJWTSVID", audience=["shop"], spiffe_id="spiffe://example.org/admin").svids
    return {
        "all": [claims(message.svid)["sub"] for message in found],
        "audiences": [claims(message.svid)["aud"] for message in found],
        "one": [message.spiffe_id for message in one],
        "none": code("FetchJWTSVID", audience=[]),
    }


parts = {"mark": mark, "unserved": unserved, "messages": messages, "hints": hints, "tokens": tokens}
print(json.dumps(parts[sys.argv[2]]()), flush=True)
