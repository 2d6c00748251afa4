"""What a request is signed in with: a token of a person or of an API key, or the signature of a key."""

from dataclasses import dataclass

from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts.models import APIKey

KEY_CLAIM = "key_id"
SCOPES_CLAIM = "scopes"
SESSION_CLAIM = "session_id"
# Withdrawing will ask a person for more than a password.
PERSONAL_SCOPES = frozenset({APIKey.Scope.READ.value, APIKey.Scope.TRADE.value})


class BearerToken(AccessToken):
    """An access token, and the API key it was made from (None: a person signed in).

    Raises TokenError if made from a text that is not a valid access token.
    """

    api_key: APIKey | None = None

    @property
    def key_id(self) -> int | None:
        return self.get(KEY_CLAIM)

    @property
    def session_id(self) -> int:
        """Raises KeyError for a token from before there were sessions: it is none any more."""
        return int(self[SESSION_CLAIM])

    @property
    def allowed_scopes(self) -> frozenset[str]:
        """What its bearer may do: for a key, what the key may do now."""
        return frozenset(self.api_key.scopes) if self.api_key else PERSONAL_SCOPES


@dataclass(frozen=True, slots=True)
class KeySignature:
    """A request that was signed with an API key; like a token of that key to whoever asks what it may do."""

    api_key: APIKey

    @property
    def key_id(self) -> int:
        return self.api_key.pk

    @property
    def allowed_scopes(self) -> frozenset[str]:
        return frozenset(self.api_key.scopes)


class ExchangeToken(RefreshToken):
    """A refresh token as it is presented. Raises TokenError if made from a text that is not one."""

    def check_blacklist(self) -> None:
        """Not here: whether it was used already is asked under the lock on its user."""
