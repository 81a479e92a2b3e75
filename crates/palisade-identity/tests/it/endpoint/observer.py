"""Asks what a gRPC server serves, and whether it does.

usage: observer.py ADDRESS
"""

import json
import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

channel = grpc.insecure_channel(sys.argv[1])
database = ProtoReflectionDescriptorDatabase(channel)
print(json.dumps({"services": sorted(database.get_services())}), flush=True)
file = database.FindFileContainingSymbol("SpiffeWorkloadAPI")
calls = [call.name for service in file.service for call in service.method]
print(json.dumps({"calls": sorted(calls)}), flush=True)
health = health_pb2_grpc.HealthStub(channel)
answer = health.Check(health_pb2.HealthCheckRequest(service="SpiffeWorkloadAPI"), timeout=60)
print(json.dumps({"status": health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)}), flush=True)
