"""Perpetual contracts: what is at risk in them now, their terms and brackets, their insurance funds, the limits."""

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html

from accounts.models import Account, LedgerTransaction
from accounts.services import adjust_balance
from common.errors import Refused
from common.money import format_decimal
from risk.models import Bracket, Contract, ExposureLimit, TierLimit
from risk.selectors import ContractExposure, exposure
from trading.admin.cells import NOTHING, Cell, moment, money, signed
from trading.admin.confirmation import Question, ReasonForm, ask, filled_in, in_words
from trading.admin.contract_forms import (
    BracketForm,
    BracketFormSet,
    ContractForm,
    ExposureLimitForm,
    TierLimitForm,
)
from trading.admin.fields import AmountField
from trading.admin.history import note
from trading.admin.read_only import PlainTitles
from trading.admin.reasoned_change import REASON, ReasonedAdmin
from trading.services import change_brackets

TOP_UP = "accounts.add_ledgertransaction"
PERCENT = Decimal(100)


class BracketInline(admin.TabularInline):
    model = Bracket
    form = BracketForm
    formset = BracketFormSet
    extra = 1
    ordering = ("floor",)
    verbose_name_plural = "brackets: the larger a position, the less leverage and the more margin"


class TopUpForm(ReasonForm):
    """`reference` names this one filling-in of the form, so that a second click does not post again."""

    amount = AmountField(
        least=Decimal("0.00000001"), decimals=8, help_text="In USDT, from outside the exchange."
    )
    reference = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    field_order = ("amount", "reason")


@admin.register(Contract)
class ContractAdmin(ReasonedAdmin, PlainTitles):
    form = ContractForm
    inlines = (BracketInline,)
    change_form_template = "admin/risk/contract/change_form.html"
    list_display = (
        "market", "risked", "most", "longs_and_shorts", "mark", "index", "funding", "next_funding", "insurance",
        "topping_up",
    )  # fmt: skip
    list_select_related = ("market",)
    ordering = ("market__symbol",)
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER
    readonly_fields = ("market", "underlying")

    def get_fields(self, request: HttpRequest, obj: Contract | None = None) -> Any:
        shown = [*self.readonly_fields, *ContractForm.Meta.fields]
        return [*shown, REASON] if self.has_change_permission(request, obj) else shown

    def get_queryset(self, request: HttpRequest) -> Any:
        self.may_top_up = request.user.has_perm(TOP_UP)
        self.now = {each.symbol: each for each in exposure().contracts}
        return super().get_queryset(request).select_related("market")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: positions and the ledger refer to it. Halt its market instead."""
        return False

    def _now(self, contract: Contract) -> ContractExposure:
        return self.now[contract.market.symbol]

    @admin.display(description="Exposure")
    def risked(self, contract: Contract) -> str:
        return money(self._now(contract).exposure)

    @admin.display(description="Limit")
    def most(self, contract: Contract) -> str:
        return money(self._now(contract).maximum)

    @admin.display(description="Open interest")
    def longs_and_shorts(self, contract: Contract) -> str:
        now = self._now(contract)
        held = f"{money(now.open_interest)} {contract.market.base_id}"
        return f"{held}, {now.longs} long and {now.shorts} short"

    @admin.display(description="Mark price")
    def mark(self, contract: Contract) -> str:
        return money(self._now(contract).mark_price)

    @admin.display(description="Index price")
    def index(self, contract: Contract) -> str:
        return money(self._now(contract).index_price)

    @admin.display(description="Last funding")
    def funding(self, contract: Contract) -> str:
        return f"{money(contract.last_funding_rate * PERCENT)} %"

    @admin.display(description="Next funding (UTC)")
    def next_funding(self, contract: Contract) -> str:
        return moment(contract.next_funding_at)

    @admin.display(description="Insurance fund")
    def insurance(self, contract: Contract) -> Cell:
        return signed(self._now(contract).insurance)

    @admin.display(description="")
    def topping_up(self, contract: Contract) -> Cell:
        if not self.may_top_up:
            return NOTHING
        return format_html(
            '<a href="{}">Top up</a>', reverse("admin:risk_contract_top_up", args=[contract.pk])
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        contract = self.get_object(request, object_id)
        title = {} if contract is None else {"title": contract.market.symbol}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **title})

    # ---- brackets ----

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Together, and so that every account is looked at that stands on them."""
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
        if formset.has_changed():
            change_brackets(form.instance, formset.rows)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        told = super().construct_change_message(request, form, formsets, add)
        changed = [formset.rows for formset in formsets or () if formset.has_changed()]
        if not changed:
            return told
        rows = ", ".join(
            f"{format_decimal(rate)} and {most}x from {format_decimal(floor)}"
            for floor, most, rate in changed[0]
        )
        return f"Brackets are now {rows}. {told}"

    # ---- the insurance fund ----

    def get_urls(self) -> list[Any]:
        own = path(
            "<int:market_id>/top-up/",
            self.admin_site.admin_view(self.top_up_view),
            name="risk_contract_top_up",
        )
        return [own, *super().get_urls()]

    def top_up_view(self, request: HttpRequest, market_id: int) -> HttpResponse:
        if not request.user.has_perm(TOP_UP):
            raise PermissionDenied
        contract = self.get_queryset(request).filter(pk=market_id).first()
        if contract is None:
            raise Http404
        back = reverse("admin:risk_contract_changelist")
        form = TopUpForm(filled_in(request))
        if request.method == "POST" and form.is_valid() and _topped_up(request, contract, form):
            return redirect(back)
        has: list[Cell] = [f"It has {money(self._now(contract).insurance)} {contract.market.quote_id} now"]
        text = (
            "It pays what liquidated positions lose beyond their margin. Posted to the ledger with your name."
        )
        return ask(
            self, request, form,
            Question(f"Top up the insurance fund of {contract.market.symbol}", text, has, "Top up", back),
        )  # fmt: skip


def _topped_up(request: HttpRequest, contract: Contract, form: TopUpForm) -> bool:
    by: Any = request.user
    data, symbol = form.cleaned_data, contract.market.symbol
    reference, asset = str(data["reference"]), contract.market.quote_id
    try:
        with transaction.atomic():
            fund = Account.objects.select_for_update(no_key=True).get(name=f"insurance:{symbol}")
            posted = LedgerTransaction.objects.filter(
                kind=LedgerTransaction.Kind.ADJUSTMENT, reference=reference
            )
            if not posted.exists():  # a second click
                adjust_balance(fund, asset, data["amount"], data["reason"], by, reference=reference)
                note(
                    by,
                    contract,
                    f"Insurance fund topped up by {money(data['amount'])} {asset}: {data['reason']}",
                )
    except Refused as refused:
        form.add_error("amount", in_words(refused))
        return False
    messages.success(request, f"The insurance fund of {symbol} got {money(data['amount'])} {asset}.")
    return True


@admin.register(TierLimit)
class TierLimitAdmin(ReasonedAdmin, PlainTitles):
    form = TierLimitForm
    list_display = ("tier", "factor")
    ordering = ("maximum_leverage",)
    show_facets = admin.ShowFacets.NEVER
    fields = ("tier", "maximum_leverage", REASON)
    readonly_fields = ("tier",)

    @admin.display(description="Most leverage")
    def factor(self, limit: TierLimit) -> str:
        return f"{limit.maximum_leverage}x"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ExposureLimit)
class ExposureLimitAdmin(ReasonedAdmin, PlainTitles):
    form = ExposureLimitForm
    list_display = ("scope", "of", "most", "used")
    list_select_related = ("market",)
    ordering = ("scope", "market__symbol")
    sortable_by = ()
    actions = None
    show_facets = admin.ShowFacets.NEVER

    def get_queryset(self, request: HttpRequest) -> Any:
        now = exposure()
        self.now: dict[str | None, Decimal] = {each.symbol: each.exposure for each in now.contracts}
        self.now[None] = now.total
        return super().get_queryset(request)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return (*ExposureLimitForm.Meta.fields, *([REASON] if obj else []))

    @admin.display(description="Contract")
    def of(self, limit: ExposureLimit) -> str:
        return limit.market.symbol if limit.market else "all together"

    @admin.display(description="Maximum")
    def most(self, limit: ExposureLimit) -> str:
        return money(limit.maximum)

    @admin.display(description="Used now")
    def used(self, limit: ExposureLimit) -> str:
        if limit.scope == ExposureLimit.Scope.USER:
            return "by each user"
        return money(self.now.get(limit.market.symbol if limit.market else None))
