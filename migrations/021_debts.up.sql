-- What customers owe, as far as Odoo does not say it: payments that have no entry yet, down payments in a point of sale, what is
-- committed, and defaults of limits. Rows of before lack these columns; the results are built again by a replay, which the program
-- asks for.
ALTER TABLE credit.exposure
    -- Odoo's own figure beside ours.
    ADD COLUMN to_invoice_odoo NUMERIC NOT NULL DEFAULT 0,
    ADD COLUMN committed NUMERIC NOT NULL DEFAULT 0;
ALTER TABLE credit.exposure
    ALTER COLUMN to_invoice_odoo DROP DEFAULT,
    ALTER COLUMN committed DROP DEFAULT;

ALTER TABLE credit.hold
    -- Checks whose hold a person accepted when it was suggested.
    ADD COLUMN accepted JSONB NOT NULL DEFAULT '[]';
ALTER TABLE credit.hold
    ALTER COLUMN accepted DROP DEFAULT;

ALTER TABLE credit.company
    -- Without, its default limit counts for nobody.
    ADD COLUMN sets_limits BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE credit.company
    ALTER COLUMN sets_limits DROP DEFAULT;

ALTER TABLE credit.credit_limit
    -- Everybody's who has none, where it is NULL.
    ALTER COLUMN partner_id DROP NOT NULL;

ALTER TABLE credit.sale_order
    ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE credit.sale_order
    ALTER COLUMN name DROP DEFAULT;

ALTER TABLE credit.sale_order_line
    -- Spent for the customer, to be invoiced again, without taxes.
    ADD COLUMN expense NUMERIC;

ALTER TABLE credit.item
    -- Of what may be a payment.
    ADD COLUMN journal_id INTEGER,
    -- Of its entry, while it is posted and open.
    ADD COLUMN number TEXT,
    ADD COLUMN of_payment BOOLEAN NOT NULL DEFAULT false,
    -- What a draft's line invoices, in the company's currency.
    ADD COLUMN drafted NUMERIC;
ALTER TABLE credit.item
    ALTER COLUMN of_payment DROP DEFAULT;

CREATE TABLE credit.limit_field (
    id              INTEGER PRIMARY KEY
);

CREATE TABLE credit.default_value (
    id              INTEGER PRIMARY KEY,
    field_id        INTEGER NOT NULL,
    company_id      INTEGER,
    amount          NUMERIC NOT NULL
);

CREATE TABLE credit.journal (
    id              INTEGER PRIMARY KEY,
    -- A bank, a till or a card.
    moves_money     BOOLEAN NOT NULL
);

-- Payments without a journal entry.
CREATE TABLE credit.pending (
    id              INTEGER PRIMARY KEY,
    company_id      INTEGER,
    partner_id      INTEGER NOT NULL,
    currency_id     INTEGER,
    -- Negative when it was paid to the customer.
    amount          NUMERIC NOT NULL,
    company_amount  NUMERIC,
    day             DATE NOT NULL
);

-- Orders of a point of sale that are paid and not invoiced.
CREATE TABLE credit.pos_order (
    id              INTEGER PRIMARY KEY
);

CREATE TABLE credit.pos_order_line (
    id              INTEGER PRIMARY KEY,
    pos_order_id    INTEGER NOT NULL,
    -- The line of the sales order that it is about.
    order_line_id   INTEGER NOT NULL,
    amount          NUMERIC NOT NULL
);
