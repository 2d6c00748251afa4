"""A server that could lose what was acknowledged is refused before the start."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from exchange_site.management.commands import preflight

SOUND = {
    "version": 15,
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "read_only": "off",
    "encoding": "UTF8",
    "superuser": False,
    "unlogged": None,
}


def ids(demo=False, **facts):
    return [message.id for message in preflight.judge(SOUND | facts, demo)]


@pytest.mark.parametrize("version", [14, 15, 18])
@pytest.mark.parametrize("commit", ["on", "local", "remote_write", "remote_apply"])
def test_a_sound_server_passes(version, commit):
    assert ids(version=version, synchronous_commit=commit) == []


@pytest.mark.parametrize(
    ("fact", "value", "refusal"),
    [
        ("version", 13, "bourse.E101"),
        ("fsync", "off", "bourse.E102"),
        ("full_page_writes", "off", "bourse.E103"),
        ("synchronous_commit", "off", "bourse.E104"),
        ("read_only", "on", "bourse.E105"),
        ("encoding", "SQL_ASCII", "bourse.E106"),
        ("unlogged", "accounts_posting", "bourse.E107"),
    ],
)
def test_an_unsafe_server_is_refused_in_the_demo_too(fact, value, refusal):
    for demo in (False, True):
        found = preflight.judge(SOUND | {fact: value}, demo)
        assert [message.id for message in found] == [refusal]
        assert found[0].is_serious()


def test_a_superuser_is_warned_of_outside_the_demo():
    assert ids(superuser=True) == ["bourse.W101"]
    assert ids(superuser=True, demo=True) == []


def run():
    """Exit code and everything it said."""
    said = StringIO()
    try:
        call_command("preflight", stdout=said, stderr=said)
    except SystemExit as ended:
        return ended.code, said.getvalue()
    return 0, said.getvalue()


@pytest.mark.django_db
def test_the_server_of_these_tests_passes():
    code, said = run()
    assert code == 0, said
    assert "fit for an exchange" in said


@pytest.mark.django_db
def test_our_own_sessions_are_asked_not_the_servers_default():
    assert preflight.read_facts()["synchronous_commit"] == "on"
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
    code, said = run()
    assert code == 1
    assert "bourse.E104 refused: Our sessions run with synchronous_commit off" in said


@pytest.mark.django_db
def test_an_unlogged_table_is_found():
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNLOGGED TABLE forgetful (id int)")
    code, said = run()
    assert code == 1
    assert "forgetful" in said


@pytest.mark.django_db
def test_missing_migrations_are_only_warned_of():
    newest = MigrationRecorder.Migration.objects.filter(app="trading").order_by("name").last()
    newest.delete()
    code, said = run()
    assert code == 0
    assert f"bourse.W102 warning: 1 migrations are missing, the first is trading.{newest.name}." in said


@pytest.mark.django_db
def test_wrong_settings_are_refused_as_well(settings):
    settings.SECRET_KEY = "short"
    code, said = run()
    assert code == 1
    assert "bourse.E001 refused" in said


def test_a_server_that_does_not_answer_is_said_plainly(monkeypatch):
    def nobody():
        raise OperationalError("connection refused")

    monkeypatch.setattr(preflight, "read_facts", nobody)
    with pytest.raises(CommandError, match="PostgreSQL does not answer: connection refused"):
        call_command("preflight")
