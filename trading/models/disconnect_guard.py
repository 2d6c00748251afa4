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
    is_handed_over = models.BooleanField(
        default=False,
        db_default=False,  # for processes of the version before, while a new one is brought in
        help_text="its process stopped in good order; the account's next guarded connection takes it over",
    )

    def __str__(self) -> str:
        return str(self.connection_id)
