-- Credit exposure, and the source rows that it is the sum of. Only rows that can still contribute are kept.
CREATE SCHEMA credit;

CREATE TABLE credit.exposure (
    company_id      INTEGER NOT NULL,
    partner_id      INTEGER NOT NULL,
    partner_name    TEXT NOT NULL,
    currency        TEXT NOT NULL,
    -- Amounts in the company's currency, with its decimals.
    not_due         NUMERIC NOT NULL,
    overdue         NUMERIC NOT NULL,
    unapplied       NUMERIC NOT NULL,
    draft_invoiced  NUMERIC NOT NULL,
    to_invoice      NUMERIC NOT NULL,
    total           NUMERIC NOT NULL,
    credit_limit    NUMERIC,
    oldest_due      DATE,
    updated_at      TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (company_id, partner_id)
);
CREATE INDEX idx_exposure_partner ON credit.exposure (partner_id);

CREATE TABLE credit.company (
    id              INTEGER PRIMARY KEY,
    root_id         INTEGER NOT NULL,
    currency_id     INTEGER NOT NULL
);

CREATE TABLE credit.currency (
    id              INTEGER PRIMARY KEY,
    name            TEXT NOT NULL,
    decimals        INTEGER NOT NULL
);

CREATE TABLE credit.currency_rate (
    id              INTEGER PRIMARY KEY,
    currency_id     INTEGER NOT NULL,
    company_id      INTEGER,
    day             DATE NOT NULL,
    rate            NUMERIC NOT NULL
);

CREATE TABLE credit.partner (
    id              INTEGER PRIMARY KEY,
    name            TEXT NOT NULL,
    commercial_id   INTEGER NOT NULL,
    -- Explicit limits per company, as Odoo stores them: {"1": 5000.0}
    credit_limit    TEXT
);

CREATE TABLE credit.account (
    id              INTEGER PRIMARY KEY,
    receivable      BOOLEAN NOT NULL
);

CREATE TABLE credit.product (
    id              INTEGER PRIMARY KEY,
    template_id     INTEGER NOT NULL
);

CREATE TABLE credit.template (
    id              INTEGER PRIMARY KEY,
    by_delivery     BOOLEAN NOT NULL
);

-- Draft customer invoices and credit notes.
CREATE TABLE credit.draft (
    id              INTEGER PRIMARY KEY,
    refund          BOOLEAN NOT NULL
);

-- Journal items: all of a draft, and the open ones of posted entries.
CREATE TABLE credit.item (
    id              INTEGER PRIMARY KEY,
    move_id         INTEGER NOT NULL,
    company_id      INTEGER NOT NULL,
    partner_id      INTEGER,
    account_id      INTEGER,
    draft           BOOLEAN NOT NULL,
    due             DATE,
    residual        NUMERIC NOT NULL,
    quantity        NUMERIC NOT NULL
);

-- Confirmed sales orders.
CREATE TABLE credit.sale_order (
    id              INTEGER PRIMARY KEY,
    company_id      INTEGER NOT NULL,
    partner_id      INTEGER NOT NULL,
    currency_rate   NUMERIC NOT NULL
);

-- Their lines, unless all is delivered and invoiced.
CREATE TABLE credit.sale_order_line (
    id              INTEGER PRIMARY KEY,
    order_id        INTEGER NOT NULL,
    product_id      INTEGER,
    ordered         NUMERIC NOT NULL,
    delivered       NUMERIC NOT NULL,
    invoiced        NUMERIC NOT NULL,
    price_total     NUMERIC NOT NULL,
    open            BOOLEAN NOT NULL
);

CREATE TABLE credit.invoiced_line (
    item_id         INTEGER NOT NULL,
    order_line_id   INTEGER NOT NULL,
    PRIMARY KEY (item_id, order_line_id)
);
