"""Names by which parts of Regraft know one another on a Prefect server: emitters and listeners read them here."""

DRIFT_EVENT = "drift.detected"


def domain_resource(domain: str) -> str:
    """Id of the resource that a domain's events are about."""
    return f"regraft.domain.{domain}"
