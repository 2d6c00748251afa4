"""Are the conditions of orders what was asked for, and do linked orders hang together?"""

from common.audit import by_query

# What was asked for stands in the event that took the order in; only the price of a trigger can be asked for anew.
# That of a trailing stop, the extreme and the reserve follow the market while the order waits (L5-BOOK has them).
_ASKED = """
    WITH asked AS (
        SELECT e.order_id, (c->>'display')::numeric * m.lot AS display_quantity,
               to_timestamp((c->>'expires_at')::numeric / 1000) AS expires_at,
               coalesce((c->>'reduce_only')::boolean, false) AS reduce_only,
               coalesce(c->'trigger'->>'source', '') AS trigger_source,
               CASE WHEN c->'trigger'->>'price' IS NOT NULL
                    THEN coalesce(q.trigger_price, (c->'trigger'->>'price')::numeric) * m.tick END AS trigger_price,
               (c->'trigger'->>'trail')::numeric * m.tick AS trail_amount,
               (c->'trigger'->>'trail_rate')::integer AS trail_millionths,
               coalesce((c->'trigger'->>'protection_rate')::integer, 0) AS protection_millionths,
               (c->'link'->>'group')::bigint AS link_group, coalesce(c->'link'->>'role', '') AS link_role
        FROM trading_orderevent e
        JOIN market_market m ON m.id = e.market_id
        CROSS JOIN LATERAL (SELECT e.details->'conditions' AS c) AS conditions
        LEFT JOIN (
            SELECT DISTINCT ON (order_id) order_id, (details->>'trigger_price')::numeric AS trigger_price
            FROM trading_orderevent WHERE kind = 'Q' ORDER BY order_id, sequence DESC
        ) q ON q.order_id = e.order_id
        WHERE e.kind = 'A' AND e.details->'conditions' IS NOT NULL
    ), stored AS (
        SELECT *, CASE WHEN trail_amount IS NULL AND trail_millionths IS NULL THEN trigger_price END AS asked_price
        FROM trading_ordercondition
    ), compared AS (
        SELECT coalesce(a.order_id, s.order_id) AS order_id,
               CASE WHEN s.order_id IS NULL THEN 'the conditions of this order are missing'
                    WHEN a.order_id IS NULL THEN 'the log knows of no conditions'
                    ELSE concat_ws(', ', {differences}) END AS differences
        FROM asked a FULL JOIN stored s ON s.order_id = a.order_id
    )
    SELECT order_id, differences FROM compared WHERE differences <> '' ORDER BY order_id"""

_COMPARED = {
    "display_quantity": "display_quantity", "expires_at": "expires_at", "reduce_only": "reduce_only",
    "trigger_source": "trigger_source", "asked_price": "trigger_price", "trail_amount": "trail_amount",
    "trail_millionths": "trail_millionths", "protection_millionths": "protection_millionths",
    "link_group": "link_group", "link_role": "link_role",
}  # fmt: skip

_DIFFERENCE = """
    CASE WHEN s.{0} IS DISTINCT FROM a.{1}
         THEN '{1} is ' || coalesce(s.{0}::text, 'empty') || ', by the log ' || coalesce(a.{1}::text, 'empty') END"""

_DIFFERENCES = ", ".join(_DIFFERENCE.format(stored, told) for stored, told in _COMPARED.items())

# Legs are the orders of a group but its entry. As long as two of them live, neither has come to something; one that
# lives alone has: it traded, lost lots, or its trigger fired.
_LINKED = """
    WITH legs AS (
        SELECT c.link_group, count(*) AS legs,
               count(*) FILTER (WHERE o.status IN ('new', 'pending_trigger', 'open', 'partially_filled')) AS live,
               bool_or(o.status IN ('open', 'partially_filled')
                       AND (o.filled_quantity > 0 OR o.cancelled_quantity > 0 OR c.trigger_source <> '')) AS came
        FROM trading_ordercondition c JOIN trading_order o ON o.id = c.order_id
        WHERE c.link_group IS NOT NULL AND c.link_role <> 'entry' GROUP BY c.link_group
    )
    SELECT link_group AS group_id, link_group AS order_id,
           CASE WHEN live > 1 THEN 'one of the legs came to something, and the other lives'
                ELSE 'one of the legs ended, and the other lives' END AS wrong
    FROM legs WHERE legs > 1 AND (live > 1 AND came OR live = 1 AND NOT came)
    UNION ALL
    SELECT c.link_group, o.id, 'it waits for an entry that has ended'
    FROM trading_order o
    JOIN trading_ordercondition c ON c.order_id = o.id
    LEFT JOIN trading_order entry ON entry.id = c.link_group
        AND entry.status IN ('new', 'pending_trigger', 'open', 'partially_filled')
    WHERE o.status = 'new' AND entry.id IS NULL
    ORDER BY 1, 2"""

CHECKS = (
    by_query(
        "L3-LINKED",
        3,
        "of two linked legs neither has come to something, or one has ended; no exit waits for an entry that ended",
        _LINKED,
        "linked orders {group_id}, order {order_id}: {wrong}",
    ),
    by_query(
        "L7-CONDITIONS",
        7,
        "the conditions of an order are what was asked for",
        _ASKED.replace("{differences}", _DIFFERENCES),
        "order {order_id}: {differences}",
    ),
)
