"""The command that tells the story."""

import os

from flows.cli.answer import Answer, answering


@answering()
def demo() -> Answer:
    """The whole loop on ELPV's solar cells: promote, drift, retrain, reject a sabotaged model, roll back."""
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")  # the story is told; the UI has the log
    from flows.environment import prepare_environment

    prepare_environment()
    from flows.demo.story import tell

    steps = tell()
    return Answer(steps, lambda: None)  # it was told step by step
