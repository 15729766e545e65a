"""A closed-loop gRPC client: `grpc_load.py PORT CONNECTIONS SECONDS`, the message on stdin.

Every connection sends the message again as soon as its answer is there. Prints how many were
answered; ends with an error when a call fails.
"""

import asyncio
import sys

import grpc
import uvloop

INFER = "/inference.GRPCInferenceService/ModelInfer"
SEPARATE = (("grpc.use_local_subchannel_pool", 1),)
"""Channels to one address share a connection otherwise."""


async def keep_busy(port: int, seconds: float, message: bytes) -> int:
    """Send the message over one connection for `seconds`; returns how often it was answered."""
    loop = asyncio.get_running_loop()
    answered = 0
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", SEPARATE) as channel:
        call = channel.unary_unary(INFER, bytes, bytes)
        end = loop.time() + seconds
        while loop.time() < end:
            await call(message)
            answered += 1
    return answered


async def run(port: int, count: int, seconds: float, message: bytes) -> int:
    """Keep `count` connections busy for `seconds`."""
    return sum(await asyncio.gather(*(keep_busy(port, seconds, message) for _ in range(count))))


def main() -> int:
    """Run the load that the command line asks for."""
    port, count, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    sys.stdout.write(str(uvloop.run(run(port, count, seconds, sys.stdin.buffer.read()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
