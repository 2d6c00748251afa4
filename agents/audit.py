"""The audit at the end of a run, by the command that the site provides."""

import io

from django.core.management import CommandError, call_command, get_commands


def audit_failure() -> str | None:
    """What `manage.py audit` complains about, empty if all is well; None if there is no such command."""
    if "audit" not in get_commands():
        return None
    output = io.StringIO()
    try:
        call_command("audit", stdout=output, stderr=output)
    except CommandError as error:
        return f"{output.getvalue()}{error}"
    except SystemExit as end:
        return output.getvalue() if end.code else ""
    return ""


def audit_line(failure: str | None) -> str:
    if failure is None:
        return "not available"
    return f"FAILED\n{failure.rstrip()}" if failure else "clean"
