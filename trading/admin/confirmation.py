"""One page before everything that changes something: what will happen, to whom, and why.

GET shows the page and changes nothing; only its POST acts, and only with a reason.
"""

from typing import Any, NamedTuple, TypeVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from common.errors import Refused
from trading.admin.cells import Cell
from trading.admin.history import REASON_CHARACTERS
from trading.admin.search import number

MOST_CHOSEN = 200

Row = TypeVar("Row", bound=Model)


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
        help_text="Kept in the history with your name.",
    )


class Question(NamedTuple):
    """What the page says. subjects: whom or what it is about; back: where Cancel leads."""

    title: str
    text: str
    subjects: list[Cell]
    button: str
    back: str
    is_grave: bool = False


def filled_in(request: HttpRequest) -> Any:
    """What a form gets: an empty POST is a form filled in wrong, and not one to show for the first time."""
    return request.POST if request.method == "POST" else None


def ask(
    page: admin.ModelAdmin, request: HttpRequest, form: forms.Form, question: Question, **more: Any
) -> HttpResponse:
    context = {
        **page.admin_site.each_context(request),
        "title": question.title,
        "opts": page.opts,
        "question": question,
        "form": form,
        "media": page.media + form.media,
        **more,
    }
    return TemplateResponse(request, "admin/confirmation.html", context)


def to_confirmation(
    page: admin.ModelAdmin, request: HttpRequest, rows: QuerySet, view: str, **parameters: str
) -> HttpResponse | None:
    """From an action on selected rows to its page; None, with a message, if too many were selected."""
    keys = list(rows.values_list("pk", flat=True)[: MOST_CHOSEN + 1])
    if len(keys) > MOST_CHOSEN:
        page.message_user(request, f"Select at most {MOST_CHOSEN} at a time.", messages.ERROR)
        return None
    return HttpResponseRedirect(chosen_url(view, *keys, **parameters))


def chosen_url(view: str, *keys: int, **parameters: str) -> str:
    return f"{reverse(view)}?{urlencode([*parameters.items(), *(('id', key) for key in keys)])}"


def chosen(request: HttpRequest, rows: QuerySet[Row]) -> list[Row]:
    """The rows named in the address. Raises Http404 if there are none, or too many."""
    keys = [number(text) for text in request.GET.getlist("id")]
    if not keys or None in keys or len(keys) > MOST_CHOSEN:
        raise Http404
    found = list(rows.filter(pk__in=keys).order_by("pk"))
    if not found:
        raise Http404
    return found


def in_words(refused: Refused) -> str:
    """A refusal as a person reads it: the sentences in its details say more than the code's own."""
    sentences = [
        sentence
        for texts in refused.details.values()
        if isinstance(texts, list)
        for sentence in texts
        if str(sentence).endswith(".")
    ]
    return " ".join(sentences) or refused.message
