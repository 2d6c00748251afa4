from django.db import models

from kpi.models.stats import Stat


class Heartbeat(models.Model):
    """Whether the exchange answered in one slot of five seconds. A slot without a row was not measured."""

    slot = models.BigIntegerField(primary_key=True, help_text="seconds since the epoch / 5")
    is_ok = models.BooleanField()


class HeartbeatStat(Stat):
    """The slots of a minute or hour that were measured, and those that were well."""

    pk = models.CompositePrimaryKey("step_seconds", "start")
    measured = models.IntegerField()
    well = models.IntegerField()
    first_slot = models.BigIntegerField()
    last_slot = models.BigIntegerField()
