from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower


class User(AbstractUser):
    """A person who trades or runs the exchange."""

    class Tier(models.TextChoices):
        BEGINNER = "beginner"
        INTERMEDIATE = "intermediate"
        ADVANCED = "advanced"

    class Verification(models.IntegerChoices):
        NONE = 0, "not verified"
        EMAIL = 1, "e-mail verified"
        IDENTITY = 2, "identity verified"

    email = models.EmailField(max_length=254)
    tier = models.CharField(max_length=12, choices=Tier, default=Tier.BEGINNER)
    verification_level = models.PositiveSmallIntegerField(choices=Verification, default=Verification.NONE)
    suspended_at = models.DateTimeField(null=True, blank=True, editable=False)
    suspended_reason = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("username"), name="user_username_ignoring_case"),
            models.UniqueConstraint(
                Lower("email"), name="user_email_ignoring_case", condition=~models.Q(email="")
            ),
            models.CheckConstraint(
                name="user_suspension_has_a_reason",
                condition=models.Q(suspended_at__isnull=True, suspended_reason="")
                | (models.Q(suspended_at__isnull=False) & ~models.Q(suspended_reason="")),
            ),
        ]

    @property
    def is_suspended(self) -> bool:
        return self.suspended_at is not None
