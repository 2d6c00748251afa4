"""The audit at the end of a run, in words."""

from trading.audit import audit


def violations() -> list[str]:
    """What the audit of the database now connected finds; empty if all is well."""
    return [f"{violation.rule}: {violation.message}" for violation in audit().violations]


def audit_line(found: list[str]) -> str:
    return "\n".join(["FAILED", *found]) if found else "clean"
