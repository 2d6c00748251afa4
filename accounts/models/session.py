from django.conf import settings
from django.db import models


class Session(models.Model):
    """One log-in: the tokens that came of it, however often refreshed, or a browser with Django's cookie.

    Revoked, it opens no door any more: each access token names its session, and so does each cookie's data.
    """

    class Kind(models.TextChoices):
        TOKEN = "token", "access tokens"
        BROWSER = "browser", "admin and browsable API"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sessions")
    api_key = models.ForeignKey(
        "accounts.APIKey", null=True, on_delete=models.CASCADE, related_name="sessions",
        help_text="the key that was exchanged for tokens; none: a person signed in",
    )  # fmt: skip
    kind = models.CharField(max_length=7, choices=Kind)
    address = models.GenericIPAddressField(help_text="from which it began")
    user_agent = models.CharField(max_length=200, blank=True)
    password_mark = models.CharField(
        max_length=32, help_text="of the password at the time: with another password the session has ended"
    )
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(help_text="to the minute")
    expires_at = models.DateTimeField(help_text="unless it is refreshed before")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["user", "api_key"], name="session_not_revoked", condition=models.Q(revoked_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} session {self.pk} of user {self.user_id}"
