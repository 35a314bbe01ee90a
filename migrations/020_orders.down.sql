DROP TABLE credit.unit;

ALTER TABLE credit.item
    DROP COLUMN unit_id,
    DROP COLUMN down_payment,
    DROP COLUMN currency_id,
    DROP COLUMN amount_currency;

ALTER TABLE credit.sale_order_line
    DROP COLUMN unit_id,
    DROP COLUMN down_payment;

ALTER TABLE credit.sale_order
    DROP COLUMN currency_id,
    DROP COLUMN untaxed,
    DROP COLUMN total,
    ADD COLUMN currency_rate NUMERIC NOT NULL DEFAULT 1;
