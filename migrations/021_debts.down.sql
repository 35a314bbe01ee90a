DROP TABLE credit.pos_order_line, credit.pos_order, credit.pending, credit.journal, credit.default_value, credit.limit_field;

ALTER TABLE credit.item
    DROP COLUMN journal_id,
    DROP COLUMN number,
    DROP COLUMN of_payment,
    DROP COLUMN drafted;

ALTER TABLE credit.sale_order_line
    DROP COLUMN expense;

ALTER TABLE credit.sale_order
    DROP COLUMN name;

DELETE FROM credit.credit_limit WHERE partner_id IS NULL;
ALTER TABLE credit.credit_limit
    ALTER COLUMN partner_id SET NOT NULL;

ALTER TABLE credit.company
    DROP COLUMN sets_limits;

ALTER TABLE credit.hold
    DROP COLUMN accepted;

ALTER TABLE credit.exposure
    DROP COLUMN to_invoice_odoo,
    DROP COLUMN committed;
