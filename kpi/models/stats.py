"""The roll-ups: for each minute, and for each hour, one row per thing that is counted.

Both are added to from the same slices in the same statement, so an hour is always the sum of its minutes.
"""

from django.db import models

MINUTE, HOUR, DAY = 60, 3_600, 86_400  # in seconds


class Stat(models.Model):
    """start: of the minute or hour."""

    step_seconds = models.IntegerField(choices=[(MINUTE, "minute"), (HOUR, "hour")])
    start = models.DateTimeField()

    class Meta:
        abstract = True


class RequestStat(Stat):
    """Answered requests to the API. code: of the refusal, empty for none."""

    pk = models.CompositePrimaryKey("step_seconds", "start", "endpoint", "method", "status", "code")
    endpoint = models.CharField(max_length=120)
    method = models.CharField(max_length=8)
    status = models.SmallIntegerField()
    code = models.CharField(max_length=40)
    requests = models.BigIntegerField()
    total_us = models.BigIntegerField(help_text="how long they took together, in microseconds")
    slowest_us = models.BigIntegerField()


class LatencyStat(Stat):
    """How many answers took how long; what a bucket is stands in kpi/buckets.py."""

    pk = models.CompositePrimaryKey("step_seconds", "start", "bucket")
    bucket = models.SmallIntegerField()
    requests = models.BigIntegerField()


class CounterStat(Stat):
    """By how much a counter of /metrics grew, over all processes."""

    pk = models.CompositePrimaryKey("step_seconds", "start", "name", "label")
    name = models.CharField(max_length=64)
    label = models.CharField(max_length=64, blank=True)
    amount = models.BigIntegerField()


class GaugeStat(Stat):
    """What was looked at now and then: the last value, and the sum and number of all."""

    pk = models.CompositePrimaryKey("step_seconds", "start", "name", "label")
    name = models.CharField(max_length=32)
    label = models.CharField(max_length=64, blank=True)
    last = models.DecimalField(max_digits=38, decimal_places=18)
    total = models.DecimalField(max_digits=50, decimal_places=18)
    samples = models.IntegerField()
