-- What differs between sources: versions of Odoo, and how connectors take snapshots.
ALTER TABLE stream.checkpoint
    -- The position in the source's log that the rows of the snapshot name.
    ADD COLUMN snapshot_lsn BIGINT,
    -- Tables of which it has brought the row that is marked as the first.
    ADD COLUMN snapshot_marked TEXT[];

-- Odoo 17 keeps customers' credit limits in a table of their own, ir_property.
CREATE TABLE credit.credit_limit (
    id              INTEGER PRIMARY KEY,
    partner_id      INTEGER NOT NULL,
    -- NULL: for every company.
    company_id      INTEGER,
    amount          NUMERIC NOT NULL
);
