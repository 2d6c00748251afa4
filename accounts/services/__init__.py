"""What can be done to users, keys and money: the only writers of this room."""

from accounts.services.api_keys import active_api_keys, create_api_key, keep_demo_key, revoke_api_key
from accounts.services.bearers import (
    Bearer,
    find_bearer,
    find_standing,
    forget_bearer,
    remembered_bearer,
    standing,
)
from accounts.services.change_password import change_password
from accounts.services.console import console_user
from accounts.services.ledger import (
    adjust_balance,
    claim_faucet,
    open_account,
    open_margin_account,
    outside_account,
    post_transaction,
    system_account,
)
from accounts.services.locked_balances import LockedBalance, lock_balances
from accounts.services.log_in import check_key, check_password
from accounts.services.one_time_codes import demand_code, is_enrolled
from accounts.services.register_user import register_user
from accounts.services.second_factor import (
    Enrolment,
    confirm_second_factor,
    disable_second_factor,
    enrol_second_factor,
    remove_second_factor,
    renew_recovery_codes,
)
from accounts.services.sessions import (
    Visitor,
    browser_session,
    close_session,
    end_session,
    end_sessions,
    forget_sessions,
    open_session,
)
from accounts.services.signatures import SignedRequest, authenticate_signed, forget_spent_signatures
from accounts.services.suspension import find_suspended, resume_user, suspend_user
from accounts.services.tokens import TokenPair, authenticate_token, end_tokens, issue_tokens, refresh_tokens
from accounts.services.watch_ledger import watch_ledger

__all__ = [
    "Bearer",
    "Enrolment",
    "LockedBalance",
    "SignedRequest",
    "TokenPair",
    "Visitor",
    "active_api_keys",
    "adjust_balance",
    "authenticate_signed",
    "authenticate_token",
    "browser_session",
    "change_password",
    "check_key",
    "check_password",
    "claim_faucet",
    "close_session",
    "confirm_second_factor",
    "console_user",
    "create_api_key",
    "demand_code",
    "disable_second_factor",
    "end_session",
    "end_sessions",
    "end_tokens",
    "enrol_second_factor",
    "find_bearer",
    "find_standing",
    "find_suspended",
    "forget_bearer",
    "forget_sessions",
    "forget_spent_signatures",
    "is_enrolled",
    "issue_tokens",
    "keep_demo_key",
    "lock_balances",
    "open_account",
    "open_margin_account",
    "open_session",
    "outside_account",
    "post_transaction",
    "refresh_tokens",
    "register_user",
    "remembered_bearer",
    "remove_second_factor",
    "renew_recovery_codes",
    "resume_user",
    "revoke_api_key",
    "standing",
    "suspend_user",
    "system_account",
    "watch_ledger",
]
