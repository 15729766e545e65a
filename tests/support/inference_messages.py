"""`python -m support.inference_messages`: makes the server's generated files of inference.proto.

A unit test compares them with what is checked in.
"""

import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc

from trimtab_stages.serve import oip

FOLDER = Path(oip.__path__[0])


def generated() -> dict[str, bytes]:
    """Return file name -> content of the files that are made of inference.proto."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        binpb = out / "inference.binpb"
        arguments = [f"-I{FOLDER}", f"--descriptor_set_out={binpb}", f"--pyi_out={out}", "-I."]
        if protoc.main(["protoc", *arguments, str(FOLDER / "inference.proto")]):
            raise RuntimeError("protoc refuses inference.proto; its output names the line")
        return {
            "inference.binpb": binpb.read_bytes(),
            "messages.pyi": (out / "inference_pb2.pyi").read_bytes(),
        }


def main() -> int:
    """Write the files."""
    for name, content in generated().items():
        (FOLDER / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
