from accounts.models.api_key import APIKey
from accounts.models.ledger import Account, Balance, LedgerTransaction, Posting
from accounts.models.second_factor import Authenticator, RecoveryCodes
from accounts.models.session import Session
from accounts.models.spent_signature import SpentSignature
from accounts.models.user import User

__all__ = [
    "APIKey",
    "Account",
    "Authenticator",
    "Balance",
    "LedgerTransaction",
    "Posting",
    "RecoveryCodes",
    "Session",
    "SpentSignature",
    "User",
]
