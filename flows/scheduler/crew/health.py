"""Starts servers again that run and answer no more: `python -m flows.scheduler.crew.health`."""

import time
from collections import Counter

from flows.process.environment import answers, prepare_environment
from flows.scheduler.crew.control import CrewError, restart
from flows.scheduler.crew.servers import Server, web_servers
from settings.machine import Settings

EVERY = 10.0
SILENT = 12  # looks in a row: two minutes, which no load of two cores has ever taken


class Health:
    """Counts how often in a row a server did not answer, from its first answer on: who starts is left in peace."""

    def __init__(self, settings: Settings, servers: list[Server]) -> None:
        self._settings, self._servers = settings, servers
        self._silent: Counter[str] = Counter()
        self._well: set[str] = set()

    def look(self) -> list[str]:
        """Looks at each server once; names those that it has started again."""
        return [server.name for server in self._servers if self._is_gone(server) and self._restarted(server.name)]

    def _is_gone(self, server: Server) -> bool:
        if answers(server.address + server.health):
            self._well.add(server.name)
            self._silent[server.name] = 0
        else:
            self._silent[server.name] += server.name in self._well
        return self._silent[server.name] >= SILENT

    def _restarted(self, name: str) -> bool:
        self._well.discard(name)
        self._silent[name] = 0
        try:
            restart(self._settings, name)
        except CrewError as error:  # it died in the same second, or all end
            print(f"{name} was not started again: {error}", flush=True)  # noqa: T201  -- its log
            return False
        return True


def main() -> None:
    """Looks every ten seconds until it is ended."""
    settings = prepare_environment()
    health = Health(settings, web_servers(settings))
    while True:
        for name in health.look():
            print(f"{name} had not answered for {SILENT * EVERY:.0f} s and was started again", flush=True)  # noqa: T201
        time.sleep(EVERY)


if __name__ == "__main__":
    main()
