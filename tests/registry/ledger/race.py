"""Processes that promote at once: `python race.py LEDGER_URL PROCESSES ROUNDS` prints what each of them won, as JSON.

The project is REGRAFT_ROOT; the versions of `photos` that are promoted must be registered there: two for each process.
"""

import json
import os
import sys
import time
from multiprocessing import Queue, get_context
from multiprocessing.synchronize import Barrier

from registry.errors import LedgerConflictError
from registry.ledger.ledger import Change, Ledger
from registry.store.aliases import follow_ledger
from registry.store.client import mlflow_client

FOLLOWED = 10  # rounds after which the winner sets MLflow's aliases; each time takes as long as four rounds
PATIENCE = 60  # seconds; where one writer fails the others give up


def main(url: str, processes: int, rounds: int) -> None:
    """Forks the writers, so that MLflow is opened once, and gathers what they say."""
    os.environ["REGRAFT_LEDGER_URL"] = url
    os.environ["MLFLOW_SQLALCHEMYSTORE_POOLCLASS"] = "NullPool"  # forks must not share SQLite's connections
    mlflow_client().search_registered_models()
    context = get_context("fork")
    answers, barrier = context.Queue(), context.Barrier(processes, timeout=PATIENCE)
    writers = [
        context.Process(target=_write, args=(url, place, rounds, barrier, answers)) for place in range(processes)
    ]
    began = time.perf_counter()
    for writer in writers:
        writer.start()
    found = dict(answers.get(timeout=4 * PATIENCE) for _ in writers)
    for writer in writers:
        writer.join()
    seconds = time.perf_counter() - began
    sys.stdout.write(json.dumps({"seconds": seconds, "won": [found[place] for place in range(processes)]}))


def _write(url: str, place: int, rounds: int, barrier: Barrier, answers: "Queue[tuple[int, list[int]]]") -> None:
    """Expects the same champion as all others in each round and tries to promote a version of its own."""
    ledger, won = Ledger(url), []
    for number in range(rounds):
        barrier.wait()
        champion = ledger.champion("photos")
        barrier.wait()  # nobody writes before everybody has read
        ours = 2 * place + 1 + (champion == 2 * place + 1)
        try:
            ledger.append(Change("photos", "promote", champion, ours, f"writer {place}", "race", "", ""))
        except LedgerConflictError:
            continue
        won.append(number)
        if number % FOLLOWED == FOLLOWED - 1:
            follow_ledger("photos")
    answers.put((place, won))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
