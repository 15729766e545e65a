"""Runs inside a pod: asks a server again and again, and tells what came back twice a second.

Arguments: host, port and path of the server, and the body of a request. No request is sent twice.
"""

import http.client
import json
import sys
import threading
from collections import Counter

KEPT, FRESH = 4, 2
"""Clients that keep their connection, and such that open one for each request."""
PAUSE_SECONDS, TELL_SECONDS, ANSWER_SECONDS = 0.05, 0.5, 20

Answers = Counter[str]


def send(connection: http.client.HTTPConnection, path: str, body: str) -> str:
    """Return version and values of an answer.

    Raises:
        OSError: it is none.
    """
    connection.request("POST", path, body)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != http.client.OK:
        raise OSError(f"{answer.status} {text[:200]!r}")
    told = json.loads(text)
    return f"{told['model_version']} {told['outputs'][0]['data']}"


def ask(
    connection: http.client.HTTPConnection, path: str, body: str, answers: Answers, *, keep: bool
) -> None:
    """Ask for ever, and count what comes back."""
    pause = threading.Event()
    while not pause.wait(PAUSE_SECONDS):
        try:
            answers[send(connection, path, body)] += 1
        except (OSError, http.client.HTTPException, ValueError, LookupError) as error:
            answers[f"failed: {error!r}"] += 1
            connection.close()
        if not keep:
            connection.close()


def main(host: str, port: str, path: str, body: str) -> None:
    """Let all clients ask, and tell the sums."""
    counts: list[Answers] = []
    for number in range(KEPT + FRESH):
        connection = http.client.HTTPConnection(host, int(port), timeout=ANSWER_SECONDS)
        counts.append(Counter())
        threading.Thread(
            target=ask,
            args=(connection, path, body, counts[-1]),
            kwargs={"keep": number < KEPT},
            daemon=True,
        ).start()
    pause = threading.Event()
    while not pause.wait(TELL_SECONDS):
        total: Answers = Counter()
        for one in counts:
            total.update(one.copy())
        sys.stdout.write(json.dumps(total) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
