"""What processes have counted, on its way into the roll-ups."""

from django.db import models


class Source(models.Model):
    """A process that counts, and the newest batch of it that has arrived.

    A batch whose commit was lost sight of is sent again under its number, and then left out if it had arrived.
    """

    process = models.UUIDField(primary_key=True)
    batch = models.BigIntegerField()
    seen_at = models.DateTimeField(db_index=True)


class Slice(models.Model):
    """What one process has counted in a part of one minute. Written once, and taken away by the roll-up.

    content: {"requests": [[endpoint, method, status, code, how many, microseconds, the slowest's], ...],
    "latency": [[bucket, how many], ...], "counters": [[name, label, how much more], ...]}
    """

    id = models.BigAutoField(primary_key=True)
    minute = models.DateTimeField()
    content = models.JSONField()


class RollUp(models.Model):
    """When each kind of roll-up was last up to date."""

    name = models.CharField(max_length=16, primary_key=True)
    done_at = models.DateTimeField()
