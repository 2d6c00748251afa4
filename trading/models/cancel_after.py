from django.db import models

from accounts.models import Account


class CancelAfter(models.Model):
    """A dead man's switch: unless it is renewed, all orders of the account are cancelled at `due_at`."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, primary_key=True)
    due_at = models.DateTimeField(db_index=True)
