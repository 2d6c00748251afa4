"""The operators' office: browsers that are signed in to the admin, and what they see."""

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.services import register_user

PASSWORD = "the-tulip-of-1637"


def page(name, *arguments, **query):
    return reverse(f"admin:{name}", args=arguments, query=query or None)


def hire(name, *permissions, **rights):
    """A member of staff; permissions: such as "accounts.view_user"."""
    user = register_user(name, f"{name}@example.com", PASSWORD)
    User.objects.filter(pk=user.pk).update(is_staff=True, **rights)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return User.objects.get(pk=user.pk)


def browser_of(user, **options):
    client = Client(**options)
    client.force_login(user)
    return client


def told(response):
    """What the messages on top of the page say."""
    return [str(message) for message in get_messages(response.wsgi_request)]


def history_of(thing):
    """(who, what and why), oldest first."""
    entries = LogEntry.objects.filter(object_id=str(thing.pk), content_type__model=thing._meta.model_name)
    return [(entry.user.username, entry.get_change_message()) for entry in entries.order_by("id")]


def text_of(response):
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def refused(response):
    """The page came again, with what is wrong in the form."""
    return response.status_code == 200 and bool(response.context["form"].errors)


def listed(response):
    """The rows of a list."""
    assert response.status_code == 200, response.status_code
    return list(response.context["cl"].result_list)
