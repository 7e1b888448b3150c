"""The process that keeps the crew: supervisord, one a project; `python -m flows.scheduler.crew.supervised`."""

import sys

from supervisor import supervisord

from data.stores.locks import domain_lock
from flows.process.environment import prepare_environment
from flows.process.watcher import tell, watch
from flows.scheduler.crew.config import config_file
from flows.scheduler.crew.member import end_members
from settings.errors import RegraftError


def main(*names: str) -> int:
    """Keeps the processes of these names until it is told to end; nothing of them is left, even after a kill -9."""
    try:
        settings = prepare_environment()
        # two would take each other's runs for dead; no domain's name has a blank
        with domain_lock(settings.home, "regraft up", "regraft up"):
            watcher = watch()
            try:
                supervisord.main(["-c", str(config_file(settings))])
            finally:
                end_members(settings, *names)  # what left its group outlives supervisord
                tell(watcher)
    except RegraftError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
