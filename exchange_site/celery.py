"""The Celery application. What runs when stands in exchange_site/beat.py."""

import os
from typing import Any

from celery import Celery, signals

from common import metrics_server
from exchange_site import worker_end
from kpi import task_log, task_metrics

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange_site.settings")

app = Celery("bourse")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

task_metrics.connect()
task_log.connect()
worker_end.connect()


@signals.worker_ready.connect
@signals.beat_init.connect
def _show_metrics(**named: Any) -> None:
    """Neither has a web server of its own."""
    metrics_server.serve_if_asked()
