-- What customers owe for orders: who is invoiced, in which currency and unit, and what was paid in advance. Rows of before lack
-- these columns; the results are built again by a replay, which the program asks for.
ALTER TABLE credit.sale_order
    DROP COLUMN currency_rate,
    ADD COLUMN currency_id INTEGER,
    -- What was ordered, without taxes and with them, in the order's currency.
    ADD COLUMN untaxed NUMERIC NOT NULL DEFAULT 0,
    ADD COLUMN total NUMERIC NOT NULL DEFAULT 0;
ALTER TABLE credit.sale_order
    ALTER COLUMN untaxed DROP DEFAULT,
    ALTER COLUMN total DROP DEFAULT;

ALTER TABLE credit.sale_order_line
    ADD COLUMN unit_id INTEGER,
    -- Stands for a down payment; nothing is ordered by it.
    ADD COLUMN down_payment BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE credit.sale_order_line
    ALTER COLUMN down_payment DROP DEFAULT;

ALTER TABLE credit.item
    -- Of its quantity.
    ADD COLUMN unit_id INTEGER,
    -- Invoices a down payment, or deducts one.
    ADD COLUMN down_payment BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN currency_id INTEGER,
    -- What a down payment is in that currency, without taxes.
    ADD COLUMN amount_currency NUMERIC NOT NULL DEFAULT 0;
ALTER TABLE credit.item
    ALTER COLUMN down_payment DROP DEFAULT,
    ALTER COLUMN amount_currency DROP DEFAULT;

CREATE TABLE credit.unit (
    id              INTEGER PRIMARY KEY,
    -- How many of it are one reference unit of its kind.
    per_reference   NUMERIC NOT NULL,
    -- Its smallest part.
    rounding        NUMERIC NOT NULL
);
