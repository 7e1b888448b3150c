"""Who asks: what a caller may say of a request, for the log, for labels that come later, and to be answered alike."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Asked:
    """What a caller says of a request, each may be empty.

    Attributes:
        key: the caller's own name of the request, by which labels may come back.
        group: samples that belong together (a machine, a patient), so that they are not taken for unrelated ones.
        session: requests of one person or device, which one version answers.
    """

    key: str = ""
    group: str = ""
    session: str = ""

    @property
    def caller(self) -> str:
        """What decides which version answers; empty: each request for itself."""
        return self.session or self.group or self.key
