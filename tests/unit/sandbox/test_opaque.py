"""The messages with their parts unread are the same on the wire as those that read them."""

import pytest

from sandbox.v1 import opaque_pb2
from sandbox.v1 import sandbox_pb2 as pb

NAMES = ["ExecuteRequest", "ExecuteResponse", "StreamRequest", "StreamResponse", "Program"]


@pytest.mark.parametrize("name", NAMES)
def test_same_fields(name):
    full, opaque = getattr(pb, name).DESCRIPTOR, getattr(opaque_pb2, f"Opaque{name}").DESCRIPTOR
    same = [(field.name, field.number, field.is_repeated) for field in full.fields]
    assert [(field.name, field.number, field.is_repeated) for field in opaque.fields] == same
    for field in opaque.fields:
        other = full.fields_by_name[field.name]
        unread = field.type == field.TYPE_BYTES
        readable = (other.TYPE_MESSAGE, other.TYPE_STRING)
        assert other.type in readable if unread else other.type == field.type


def test_every_opaque_message_is_compared():
    assert sorted(opaque_pb2.DESCRIPTOR.message_types_by_name) == sorted(
        f"Opaque{name}" for name in NAMES
    )
