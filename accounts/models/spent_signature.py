from django.db import models


class SpentSignature(models.Model):
    """A signed request that was accepted. It is not accepted again as long as its time would still allow it.

    By the text that was signed and not by the signature, which can be written in more than one way.
    """

    pk = models.CompositePrimaryKey("key_id", "digest")
    # Not a foreign key: it would lock the key's row for each request. Ids of keys are never used again.
    key_id = models.BigIntegerField()
    digest = models.BinaryField(max_length=32, help_text="SHA-256 of the signed text")
    expires_at = models.DateTimeField(db_index=True, help_text="from then on the request is too old anyway")

    def __str__(self) -> str:
        return f"by key {self.key_id} until {self.expires_at}"
