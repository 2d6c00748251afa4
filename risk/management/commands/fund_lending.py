"""Put money into the lending pool of an asset, or take it out again with a negative amount."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from common.errors import Refused
from common.money import NotANumber, parse_decimal
from market.models import Asset
from risk.selectors.lending import pool_free
from risk.services import fund_lending


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("asset")
        parser.add_argument("amount", help="such as 1000.5; with --take it is taken out")
        parser.add_argument("--take", action="store_true")
        parser.add_argument("--by", required=True, help="the administrator's user name")
        parser.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        admin = User.objects.filter(username=options["by"], is_staff=True).first()
        if admin is None or not Asset.objects.filter(code=options["asset"]).exists():
            raise CommandError("There is no such member of staff, or no such asset.")
        try:
            amount = parse_decimal(options["amount"])
            signed = -amount if options["take"] else amount
            fund_lending(options["asset"], signed, options["reason"], admin)
        except (NotANumber, Refused) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"lending:{options['asset']} has {pool_free(options['asset']).normalize():f}")
