"""The protocol's messages: generated files, and life beside a client's own registration."""

import tritonclient.grpc.service_pb2 as triton
from google.protobuf.descriptor import FieldDescriptor

from support.inference_messages import FOLDER, generated
from trimtab_stages.serve.oip import messages
from trimtab_stages.serve.oip.descriptors import POOL, SERVICE


def test_generated_files_are_those_of_the_proto() -> None:
    for name, content in generated().items():
        assert (FOLDER / name).read_bytes() == content, (
            f"{name} is old; run PYTHONPATH=tests python -m support.inference_messages"
        )


def test_messages_are_not_those_of_a_client_in_the_same_process() -> None:
    ours = messages.ModelInferRequest(model_name="m", raw_input_contents=[b"\x00"])
    theirs = triton.ModelInferRequest.FromString(ours.SerializeToString())

    assert type(ours) is not type(theirs)
    assert theirs.model_name == "m"


def fields(descriptor: object) -> dict[str, tuple[int, int, bool]]:
    found: list[FieldDescriptor] = list(descriptor.fields)  # type: ignore[attr-defined] # upb's descriptors have no common type
    return {field.name: (field.number, field.type, field.is_repeated) for field in found}


def test_every_message_has_the_fields_of_the_published_protocol() -> None:
    ours = messages.DESCRIPTOR.message_types_by_name
    theirs = triton.DESCRIPTOR.message_types_by_name
    for name, message in ours.items():
        assert fields(message).items() <= fields(theirs[name]).items(), name
        for nested in message.nested_types:
            other = theirs[name].nested_types_by_name[nested.name]
            assert fields(nested).items() <= fields(other).items(), nested.full_name


def test_the_service_has_the_methods_of_the_published_protocol() -> None:
    service = POOL.FindServiceByName(SERVICE)
    theirs = triton.DESCRIPTOR.services_by_name["GRPCInferenceService"].methods_by_name
    methods = ["ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata"]

    assert [method.name for method in service.methods] == [*methods, "ModelInfer"]
    for method in service.methods:
        assert method.input_type.full_name == theirs[method.name].input_type.full_name
        assert method.output_type.full_name == theirs[method.name].output_type.full_name
