"""Whether there is a Prefect server that outlives this command."""

import os

from prefect.settings import PREFECT_API_URL

from settings.machine import TEMPORARY_SERVER


def lasting_server() -> bool:
    """True beside `regraft up` or a server of one's own; what is handed to a temporary one waits for nobody."""
    return TEMPORARY_SERVER not in os.environ and bool(PREFECT_API_URL.value())
