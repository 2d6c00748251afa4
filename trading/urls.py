"""Relative to /api/v1/."""

from django.urls import path

from trading.api import (
    account,
    auction,
    book,
    linked_orders,
    market_data,
    orders,
    simulated_margin,
    staff,
    trades,
)

urlpatterns = [
    path("time", book.TimeView.as_view(), name="time"),
    path("ticker", market_data.TickersView.as_view(), name="tickers"),
    path("ticker/<str:symbol>", market_data.TickerView.as_view(), name="ticker"),
    path("orderbook/<str:symbol>", book.OrderBookView.as_view(), name="orderbook"),
    path("trades/", trades.PlaceTradeView.as_view(), name="place_trade"),
    path("trades/recent", trades.RecentTradesView.as_view(), name="recent_trades"),
    path("trades/<int:trade_id>", trades.TradeView.as_view(), name="trade"),
    path("trades/simulate-margin", simulated_margin.SimulateMarginView.as_view(), name="simulate_margin"),
    path("trades/<str:symbol>", market_data.TradesView.as_view(), name="trades"),
    path("klines/<str:symbol>", market_data.KlinesView.as_view(), name="klines"),
    path("market/price/<str:symbol>", market_data.MarketPriceView.as_view(), name="market_price"),
    path("market/tick", market_data.MarketTickView.as_view(), name="market_tick"),
    path("markets/<str:symbol>/auction", auction.AuctionView.as_view(), name="auction"),
    path("markets/<str:symbol>/status", staff.StatusView.as_view(), name="set_market_status"),
    path("markets/<str:symbol>/halt", staff.HaltView.as_view(), name="halt_market"),
    path("markets/<str:symbol>/resume", staff.ResumeView.as_view(), name="resume_market"),
    path("orders", orders.OrdersView.as_view(), name="orders"),
    path("orders/batch", orders.BatchView.as_view(), name="orders_batch"),
    path("orders/cancel-after", orders.CancelAfterView.as_view(), name="cancel_after"),
    path("orders/oco", linked_orders.OcoView.as_view(), name="orders_oco"),
    path("orders/bracket", linked_orders.BracketView.as_view(), name="orders_bracket"),
    path("orders/<str:reference>", orders.OrderView.as_view(), name="order"),
    path("orders/<str:reference>/cancel", orders.CancelOrderView.as_view(), name="cancel_order"),
    path("account", account.AccountView.as_view(), name="account"),
    path("account/<int:user_id>", account.OtherAccountView.as_view(), name="account_of_user"),
    path("fills", account.FillsView.as_view(), name="fills"),
    path("ledger", account.LedgerView.as_view(), name="ledger"),
    path("faucet", account.FaucetView.as_view(), name="faucet"),
]
