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

-- Customer invoices and credit notes: drafts, and posted ones of the last 360 days.
CREATE TABLE credit.invoice (
    id              INTEGER PRIMARY KEY,
    draft           BOOLEAN NOT NULL,
    refund          BOOLEAN NOT NULL,
    company_id      INTEGER NOT NULL,
    partner_id      INTEGER,
    day             DATE,
    -- Untaxed, in the company's currency, negative for credit notes.
    untaxed         NUMERIC NOT NULL
);

-- Which debit was settled by which credit. Kept for 730 days.
CREATE TABLE credit.settlement (
    id              INTEGER PRIMARY KEY,
    debit_id        INTEGER NOT NULL,
    credit_id       INTEGER NOT NULL,
    day             DATE NOT NULL,
    -- In the company's currency.
    amount          NUMERIC NOT NULL
);

-- Journal items: all of a draft, the open ones of posted entries, and settled ones that had a due date of their own.
CREATE TABLE credit.item (
    id              INTEGER PRIMARY KEY,
    move_id         INTEGER NOT NULL,
    company_id      INTEGER NOT NULL,
    partner_id      INTEGER,
    account_id      INTEGER,
    draft           BOOLEAN NOT NULL,
    due             DATE,
    residual        NUMERIC NOT NULL,
    quantity        NUMERIC NOT NULL,
    -- A line that falls due, of an invoice, bill or credit note, rather than a payment's.
    falls_due       BOOLEAN NOT NULL,
    debit           BOOLEAN NOT NULL
);

-- Confirmed sales orders.
CREATE TABLE credit.sale_order (
    id              INTEGER PRIMARY KEY,
    company_id      INTEGER NOT NULL,
    partner_id      INTEGER NOT NULL,
    currency_rate   NUMERIC NOT NULL,
    -- When it has to be delivered, if that was agreed.
    ships_at        TIMESTAMPTZ
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

-- How good is a customer's credit in a company, and which checks fail?
CREATE TABLE credit.assessment (
    company_id      INTEGER NOT NULL,
    partner_id      INTEGER NOT NULL,
    -- Payments, and overdue items, that the payment history rests on.
    experiences     INTEGER NOT NULL,
    payment_history NUMERIC,
    order_volume    NUMERIC NOT NULL,
    credit_score    NUMERIC,
    risk_level      TEXT NOT NULL,
    -- Names of the checks that fail, with a comma between them.
    failing         TEXT NOT NULL,
    -- The day on which the limit is going to be exceeded, as things stand.
    breach_on       DATE,
    -- Scores at the start of each day, the latest first, in hundredths; "-" where there was none.
    day_scores      TEXT NOT NULL,
    -- What the last event score_changed told.
    told_score      NUMERIC,
    told_risk       TEXT NOT NULL,
    updated_at      TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (company_id, partner_id)
);
CREATE INDEX idx_assessment_partner ON credit.assessment (partner_id);

-- What payment histories of a company are measured against today.
CREATE TABLE credit.norm (
    company_id      INTEGER PRIMARY KEY,
    mean            DOUBLE PRECISION NOT NULL,
    -- The day at whose start it was frozen.
    day             DATE NOT NULL
);

-- Customers' positive revenues when the day began, in ten-thousandths: order volumes are ranked among them.
CREATE TABLE credit.ranked (
    company_id      INTEGER NOT NULL,
    partner_id      INTEGER NOT NULL,
    revenue         BIGINT NOT NULL,
    PRIMARY KEY (company_id, partner_id)
);

-- Holds on a customer's undelivered orders in a company, and what people decided about them.
CREATE TABLE credit.hold (
    company_id      INTEGER NOT NULL,
    partner_id      INTEGER NOT NULL,
    -- none, shadow, suggested or held
    status          TEXT NOT NULL,
    -- Names of the checks that hold, with a comma between them.
    checks          TEXT NOT NULL,
    -- Why, in sentences.
    reason          TEXT NOT NULL,
    -- What would release it, in sentences.
    release         TEXT NOT NULL,
    -- The payment that would release it, where one would.
    missing         NUMERIC,
    -- Ids of the orders that it is about, with a comma between them.
    orders          TEXT NOT NULL,
    since           TIMESTAMPTZ,
    -- Checks that a person lets pass until they have passed by themselves.
    released        TEXT NOT NULL,
    exempt_until    DATE,
    raised_limit    NUMERIC,
    raised_until    DATE,
    -- Who decided last, and why.
    person          TEXT,
    note            TEXT,
    updated_at      TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (company_id, partner_id)
);
CREATE INDEX idx_hold_status ON credit.hold (status);
CREATE INDEX idx_hold_partner ON credit.hold (partner_id);
