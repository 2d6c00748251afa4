from accounts.models.api_key import APIKey
from accounts.models.ledger import Account, Balance, LedgerTransaction, Posting
from accounts.models.user import User

__all__ = ["APIKey", "Account", "Balance", "LedgerTransaction", "Posting", "User"]
