"""The deployments as a file for `prefect deploy --all`, for those whose runs a work pool's workers take up."""

from collections.abc import Iterable
from typing import Any

import yaml
from prefect.deployments.runner import RunnerDeployment

POOL = "regraft"
# Workers read both variables when a run begins. Without the second one the clone's default branch is taken.
IN_PLACE = {"prefect.deployments.steps.set_working_directory": {"directory": "{{ $REGRAFT_ROOT }}"}}
CLONED = {
    "prefect.deployments.steps.git_clone": {
        "repository": "{{ $REGRAFT_GIT_URL }}",
        "branch": "{{ $REGRAFT_GIT_BRANCH }}",
    }
}
HEAD = "# Written by `regraft deployments`; `prefect --no-prompt deploy --all --prefect-file FILE` registers it.\n"


def prefect_file(built: Iterable[RunnerDeployment], *, pool: str = POOL, cloned: bool = False) -> str:
    """YAML that `prefect deploy` makes the same deployments of, for the workers of a pool.

    `cloned`: each run works in a fresh clone of the project, not in the folder that all workers share.
    """
    content = {
        "name": "regraft",
        "pull": [CLONED if cloned else IN_PLACE],
        "deployments": [_entry(one, pool) for one in built],
    }
    return HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _entry(one: RunnerDeployment, pool: str) -> dict[str, Any]:
    """One deployment in the words of the file; the types of its parameters are read from the flow by Prefect."""
    strategy = one.concurrency_options.collision_strategy.value if one.concurrency_options else "ENQUEUE"
    return {
        "name": one.name,
        "description": one.description,
        "tags": list(one.tags),
        "entrypoint": one.entrypoint,
        "parameters": one.parameters,
        "schedules": [_time(plan) for plan in one.schedules or []],
        "concurrency_limit": {"limit": one.concurrency_limit, "collision_strategy": strategy},
        "work_pool": {"name": pool},
    }


def _time(plan: Any) -> dict[str, Any]:
    """A schedule with its zone: without one Prefect takes UTC."""
    cron = {"cron": plan.schedule.cron, "timezone": plan.schedule.timezone}
    return {**cron, "parameters": plan.parameters, "active": True}
