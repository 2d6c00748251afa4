"""A new password."""

from django.contrib.auth.hashers import make_password
from django.db import transaction
from rest_framework_simplejwt.utils import get_md5_hash_password

from accounts.models import Session, User
from accounts.services.log_in import check_password
from accounts.services.passwords import check_new_password
from accounts.services.tokens import TokenPair, end_all_tokens, renew_tokens
from common.errors import ErrorCode, Refused


def change_password(
    user: User, current: str, new: str, code: str | None, address: str, session_id: int
) -> TokenPair:
    """Sets the password and ends every session but the one given, which goes on with the tokens answered.

    All tokens from before end with the old password; API keys stay, and can be exchanged for tokens anew. Raises
    Refused VALIDATION_ERROR for a weak or unchanged password, and as `check_password` does.
    """
    check_new_password(user, new, "new_password")
    if new == current:
        raise Refused(ErrorCode.VALIDATION_ERROR, new_password=["This is the password you have."])
    checked = check_password(user.username, current, address, code)
    hashed = make_password(new)
    with transaction.atomic():
        locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if locked.password != checked.password:
            raise Refused(ErrorCode.INVALID_CREDENTIALS)  # somebody has just changed it
        locked.password = hashed
        locked.save(update_fields=["password"])
        end_all_tokens(locked, but=session_id)
        Session.objects.filter(pk=session_id).update(password_mark=get_md5_hash_password(hashed))
        return renew_tokens(locked, session_id)
