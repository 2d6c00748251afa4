"""What the database itself refuses: changing the ledger, and postings that do not sum to zero."""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON accounts_posting
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON accounts_ledgertransaction
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

# One check per INSERT statement, not per row: a statement must bring whole transactions.
SUM_TO_ZERO = """
CREATE FUNCTION postings_sum_to_zero() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE broken record;
BEGIN
    SELECT transaction_id, asset, sum(amount) AS total INTO broken
        FROM added GROUP BY transaction_id, asset HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'postings of ledger transaction % sum to % %, not zero',
            broken.transaction_id, broken.total, broken.asset USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER sum_to_zero AFTER INSERT ON accounts_posting
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION postings_sum_to_zero();
"""

# Room in each page for the new version of an updated row (HOT updates: no index entry per change).
ROOM_FOR_UPDATES = "ALTER TABLE accounts_balance SET (fillfactor = 50)"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.RunSQL(
            APPEND_ONLY,
            "DROP TRIGGER append_only ON accounts_posting; DROP TRIGGER append_only ON accounts_ledgertransaction;"
            "DROP FUNCTION refuse_change",
        ),
        migrations.RunSQL(
            SUM_TO_ZERO, "DROP TRIGGER sum_to_zero ON accounts_posting; DROP FUNCTION postings_sum_to_zero"
        ),
        migrations.RunSQL(ROOM_FOR_UPDATES, migrations.RunSQL.noop),
    ]
