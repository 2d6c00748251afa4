from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from accounts.services import forget_sessions


class Command(BaseCommand):
    help = "Forget sessions that ended a day ago, and the cookies that have expired."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{forget_sessions()} rows forgotten")
        call_command("clearsessions")
