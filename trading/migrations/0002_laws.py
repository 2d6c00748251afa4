"""Id sequences, append-only log and trades, and steps that stay as they are once events count in them."""

from django.db import migrations

SEQUENCES = "CREATE SEQUENCE trading_order_id_seq; CREATE SEQUENCE trading_trade_id_seq;"

APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trading_orderevent
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trading_trade
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

STEPS_STAY = """
CREATE FUNCTION steps_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM trading_bookstate WHERE market_id = OLD.id AND sequence > 0) THEN
        RAISE EXCEPTION 'market %: symbol, assets, tick and lot stay as they are once it has events', OLD.symbol
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER steps_stay BEFORE UPDATE ON market_market FOR EACH ROW
    WHEN ((OLD.symbol, OLD.tick, OLD.lot, OLD.base_id, OLD.quote_id)
          IS DISTINCT FROM (NEW.symbol, NEW.tick, NEW.lot, NEW.base_id, NEW.quote_id))
    EXECUTE FUNCTION steps_stay();
"""

ROOM_FOR_UPDATES = """
ALTER TABLE trading_order SET (fillfactor = 80);
ALTER TABLE trading_bookstate SET (fillfactor = 10);
"""


class Migration(migrations.Migration):
    dependencies = [("trading", "0001_initial"), ("accounts", "0002_laws"), ("market", "0001_initial")]
    operations = [
        migrations.RunSQL(
            SEQUENCES, "DROP SEQUENCE trading_order_id_seq; DROP SEQUENCE trading_trade_id_seq;"
        ),
        migrations.RunSQL(
            APPEND_ONLY,
            "DROP TRIGGER append_only ON trading_orderevent; DROP TRIGGER append_only ON trading_trade;",
        ),
        migrations.RunSQL(STEPS_STAY, "DROP TRIGGER steps_stay ON market_market; DROP FUNCTION steps_stay"),
        migrations.RunSQL(ROOM_FOR_UPDATES, migrations.RunSQL.noop),
    ]
