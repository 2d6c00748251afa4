"""The README's curl session works as it is printed."""

import json
import re
import subprocess
from pathlib import Path

from exchange_site.tests.exchange import LiveExchange

README = Path(__file__).parents[2] / "README.md"
PRINTED_ADDRESS = "http://127.0.0.1:8000"


def curl_session() -> str:
    section = README.read_text().split("## Trade with curl")[1]
    return re.search(r"```sh\n(.*?)```", section, re.DOTALL).group(1)


def test_the_curl_session_works_as_printed(live_exchange: LiveExchange) -> None:
    live_exchange.call(
        "POST", "orders", "alice", symbol="BTC-USDT", side="sell", type="limit", price="60000", quantity="0.1"
    )
    session = curl_session().replace(PRINTED_ADDRESS, live_exchange.url)
    done = subprocess.run(["bash", "-euc", session], capture_output=True, text=True, check=True, timeout=60)
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    registered, funded, resting, book, bought, fills, cancelled, account = answers
    assert registered["username"] == "dora"
    assert {row["asset"] for row in funded["balances"]} == {"BTC", "ETH", "USDT"}
    assert (resting["status"], resting["client_order_id"]) == ("open", "my-first")
    assert ["0.9", "0.5"] in book["asks"]
    assert bought["status"] == "filled" and bought["fills"][0]["price"] == "60000"
    assert fills["results"][0]["order_id"] == bought["id"]
    assert cancelled["status"] == "cancelled"
    assert all(row["held"] == "0" for row in account["balances"])
