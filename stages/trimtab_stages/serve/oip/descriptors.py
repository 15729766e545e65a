"""Descriptors of the protocol's messages over gRPC, in a pool of their own.

Client libraries of the protocol register the same names in protobuf's default pool, which takes
each name once a process.
"""

from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

FILE = "inference.proto"
PACKAGE = "inference"
SERVICE = f"{PACKAGE}.GRPCInferenceService"


def _read_pool(path: Path) -> DescriptorPool:
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(path.read_bytes()).file:
        pool.Add(file)
    return pool


POOL = _read_pool(Path(__file__).with_name("inference.binpb"))


def message_class(name: str) -> type[Message]:
    """Return the class of a message; raises KeyError for an unknown name."""
    return GetMessageClass(POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))
