"""Reads about who owns what."""

from accounts.models import Account, Balance, Posting


def balances(account_id: int) -> list[Balance]:
    """What an account has, by asset."""
    return list(Balance.objects.filter(account_id=account_id).order_by("asset"))


def postings(account_id: int, before_id: int | None, limit: int) -> list[Posting]:
    """An account's postings with their transactions, newest first; `before_id` continues an earlier answer."""
    rows = Posting.objects.filter(account_id=account_id).select_related("transaction").order_by("-id")
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return list(rows[:limit])


def account_of_user(user_id: int) -> Account | None:
    return Account.objects.filter(user_id=user_id).first()


def margin_account_of(account_id: int) -> Account | None:
    """The margin account beside a user's own account."""
    return Account.objects.filter(owner_id=account_id).first()


def account_ids_together_with(account_id: int) -> list[int]:
    """A user's own account and, behind it, the margin account if there is one."""
    beside = Account.objects.filter(owner_id=account_id).values_list("pk", flat=True)
    return [account_id, *beside]
