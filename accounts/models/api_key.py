from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class APIKey(models.Model):
    """A key a program uses in place of a password.

    The key itself is a credential and stands here only as a SHA-256 hash. Requests are signed with a secret, which
    is needed in the clear to check signatures and so is encrypted, or by the owner of a public key: then nothing
    that is kept here can sign.
    """

    class Scope(models.TextChoices):
        READ = "read"
        TRADE = "trade"
        WITHDRAW = "withdraw"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=64, blank=True)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    key_hint = models.CharField(max_length=16, editable=False, help_text="the first characters of the key")
    secret_encrypted = models.BinaryField(editable=False, null=True)
    # Once in all: what was signed for one key must not count for another with the same public key.
    public_key = models.CharField(
        max_length=44,
        unique=True,
        null=True,
        blank=True,
        editable=False,
        help_text="Ed25519, 32 bytes in base64",
    )
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope))
    allowed_addresses = ArrayField(
        models.CharField(max_length=43),
        default=list,
        blank=True,
        help_text="IP addresses or networks; empty means any",
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                name="api_key_secret_or_public_key",
                condition=models.Q(secret_encrypted__isnull=False, public_key__isnull=True)
                | models.Q(secret_encrypted__isnull=True, public_key__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.key_hint}… of {self.user}"
