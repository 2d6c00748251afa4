import uuid

from django.db import models

from accounts.models import Account


class DisconnectGuard(models.Model):
    """A socket connection whose end cancels all orders of its account; so does its silence past `alive_until`.

    While the connection lives its process moves `alive_until` on; a process that was killed does not.
    """

    connection_id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    alive_until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.connection_id)
