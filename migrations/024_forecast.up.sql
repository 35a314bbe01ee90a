-- How much cash there will be on each day, what that rests on, and the rows of the source that it follows from.
CREATE SCHEMA forecast;

-- A company.
CREATE TABLE forecast.company (
    id                   INTEGER PRIMARY KEY,
    -- The companies that it is a branch of, the root first, and itself.
    path                 JSONB NOT NULL,
    -- Its currency.
    currency_id          INTEGER NOT NULL,
    -- The partner that it is itself.
    partner_id           INTEGER,
    -- The account on which money is that is between two of its banks.
    transfer_account_id  INTEGER
);

-- A currency.
CREATE TABLE forecast.currency (
    id        INTEGER PRIMARY KEY,
    -- ISO 4217 code.
    name      TEXT NOT NULL,
    -- Digits behind the point.
    decimals  INTEGER NOT NULL
);

-- A rate: units of a currency for one of the company's.
CREATE TABLE forecast.currency_rate (
    id           INTEGER PRIMARY KEY,
    -- The currency.
    currency_id  INTEGER NOT NULL,
    -- The company that alone uses it.
    company_id   INTEGER,
    -- The day from which it holds.
    day          DATE NOT NULL,
    -- The rate.
    rate         NUMERIC NOT NULL
);

-- A country.
CREATE TABLE forecast.country (
    id    INTEGER PRIMARY KEY,
    -- ISO 3166 code.
    code  TEXT NOT NULL
);

-- Somebody who pays, or is paid.
CREATE TABLE forecast.partner (
    id             INTEGER PRIMARY KEY,
    -- Its name.
    name           TEXT NOT NULL,
    -- The company that it belongs to, or itself.
    commercial_id  INTEGER NOT NULL,
    -- Its country.
    country_id     INTEGER
);

-- An account of the ledger.
CREATE TABLE forecast.account (
    id            INTEGER PRIMARY KEY,
    -- Odoo's `account_type`.
    account_type  TEXT NOT NULL,
    -- Whether its items are matched with each other.
    reconcile     BOOLEAN NOT NULL
);

-- A posted invoice, bill, credit note or receipt.
CREATE TABLE forecast.entry (
    id         INTEGER PRIMARY KEY,
    -- Odoo's `move_type`.
    move_type  TEXT NOT NULL,
    -- The day that is printed on it.
    day        DATE NOT NULL,
    -- The orders that it is of, by their names.
    origin     TEXT
);

-- A posted journal item that is open, was matched, is cash, or bills a purchase order.
CREATE TABLE forecast.item (
    id             INTEGER PRIMARY KEY,
    -- Its entry.
    move_id        INTEGER NOT NULL,
    -- The entry's number.
    number         TEXT,
    -- What it is for; nothing where that is an invoice.
    label          TEXT,
    -- Its company.
    company_id     INTEGER NOT NULL,
    -- Whose it is.
    partner_id     INTEGER,
    -- Its account.
    account_id     INTEGER,
    -- Its currency.
    currency_id    INTEGER,
    -- The whole amount in its currency; debit is positive.
    amount         NUMERIC NOT NULL,
    -- What is open of it, in its currency.
    residual       NUMERIC NOT NULL,
    -- Whether it is matched in full.
    reconciled     BOOLEAN NOT NULL,
    -- Its day.
    day            DATE NOT NULL,
    -- The day on which it is due.
    due            DATE,
    -- The last day of a discount, …
    discount_day   DATE,
    -- … and what is to be paid until then, in its currency.
    discounted     NUMERIC,
    -- The day on which somebody in Odoo expects it to be paid.
    promised       DATE,
    -- Whether it is of a registered payment.
    of_payment     BOOLEAN NOT NULL,
    -- The bank line that it is of.
    line_id        INTEGER,
    -- The line of a purchase order that it bills.
    order_line_id  INTEGER
);

-- Two items that are matched with each other.
CREATE TABLE forecast.partial (
    id         INTEGER PRIMARY KEY,
    -- The debit item.
    debit_id   INTEGER NOT NULL,
    -- The credit item.
    credit_id  INTEGER NOT NULL
);

-- A line of a bank statement.
CREATE TABLE forecast.statement_line (
    id          INTEGER PRIMARY KEY,
    -- Its entry.
    move_id     INTEGER NOT NULL,
    -- Who is on the other side, where somebody says so.
    partner_id  INTEGER,
    -- What the payer wrote.
    label       TEXT,
    -- Whether it is matched.
    reconciled  BOOLEAN NOT NULL
);

-- A registered payment that is under way and has no journal entry.
CREATE TABLE forecast.payment (
    id           INTEGER PRIMARY KEY,
    -- Its company.
    company_id   INTEGER,
    -- Who pays, or is paid.
    partner_id   INTEGER NOT NULL,
    -- Its currency.
    currency_id  INTEGER,
    -- How much; negative where it goes out.
    amount       NUMERIC NOT NULL,
    -- Whether it is of a supplier.
    of_supplier  BOOLEAN NOT NULL,
    -- Its day.
    day          DATE NOT NULL
);

-- A confirmed sales order.
CREATE TABLE forecast.sale_order (
    id               INTEGER PRIMARY KEY,
    -- Its number.
    name             TEXT NOT NULL,
    -- Its company.
    company_id       INTEGER,
    -- Who is invoiced.
    partner_id       INTEGER,
    -- Its currency.
    currency_id      INTEGER,
    -- The day on which it was confirmed.
    day              DATE NOT NULL,
    -- The opportunity that it is of.
    lead_id          INTEGER,
    -- Whether it is invoiced again and again.
    is_subscription  BOOLEAN NOT NULL,
    -- The last day of such one.
    until            DATE
);

-- A line of a sales order.
CREATE TABLE forecast.sale_order_line (
    id        INTEGER PRIMARY KEY,
    -- Its order.
    order_id  INTEGER NOT NULL,
    -- What is ordered, without taxes.
    untaxed   NUMERIC NOT NULL,
    -- The same with taxes.
    total     NUMERIC NOT NULL,
    -- What posted invoices have of it, without taxes.
    invoiced  NUMERIC NOT NULL
);

-- A confirmed purchase order.
CREATE TABLE forecast.purchase_order (
    id           INTEGER PRIMARY KEY,
    -- Its number.
    name         TEXT NOT NULL,
    -- Its company.
    company_id   INTEGER,
    -- Who bills it.
    partner_id   INTEGER,
    -- Its currency.
    currency_id  INTEGER,
    -- The day on which it was confirmed.
    day          DATE NOT NULL
);

-- A line of a purchase order.
CREATE TABLE forecast.purchase_order_line (
    id        INTEGER PRIMARY KEY,
    -- Its order.
    order_id  INTEGER NOT NULL,
    -- What is ordered, without taxes.
    untaxed   NUMERIC NOT NULL,
    -- The same with taxes.
    total     NUMERIC NOT NULL
);

-- A stage of the pipeline.
CREATE TABLE forecast.stage (
    id        INTEGER PRIMARY KEY,
    -- Where it stands among all.
    sequence  INTEGER NOT NULL,
    -- Whether opportunities in it are won.
    is_won    BOOLEAN NOT NULL
);

-- A lead or an opportunity.
CREATE TABLE forecast.lead (
    id           INTEGER PRIMARY KEY,
    -- What people call it.
    name         TEXT NOT NULL,
    -- Its company.
    company_id   INTEGER,
    -- Who may buy.
    partner_id   INTEGER,
    -- Its stage.
    stage_id     INTEGER,
    -- Whether it is there; one that is lost is archived.
    active       BOOLEAN NOT NULL,
    -- How likely it is won, in per cent, as Odoo or a person says.
    probability  NUMERIC NOT NULL,
    -- What it would bring, in the company's currency.
    revenue      NUMERIC NOT NULL,
    -- The day on which it is expected to close.
    deadline     DATE,
    -- The day on which it was made.
    begun        DATE NOT NULL,
    -- The day on which it was closed.
    closed       DATE
);

-- How long something took, as it was known at the beginning of the day.
CREATE TABLE forecast.history (
    story         TEXT NOT NULL,
    id            INTEGER NOT NULL,
    -- Its root company.
    company_id    INTEGER NOT NULL,
    -- Whose it was.
    partner_id    INTEGER NOT NULL,
    -- The day on which it began: was issued, was confirmed, was made.
    begun         DATE NOT NULL,
    -- The day on which it was due.
    due           DATE NOT NULL,
    -- How much it was, in its currency.
    amount        DOUBLE PRECISION NOT NULL,
    -- The day on which it was done: was paid, invoiced, won; none while it is not, and where it never will be.
    done          DATE,
    -- The last day of a discount.
    discount_day  DATE,
    -- How far an opportunity that is lost got, by its stage's place.
    lost_at       INTEGER,
    PRIMARY KEY (story, id)
);

-- Payments that come again.
CREATE TABLE forecast.repetition (
    id           INTEGER PRIMARY KEY,
    -- The root company.
    company_id   INTEGER NOT NULL,
    -- Who pays or is paid, by the commercial partner.
    partner_id   INTEGER,
    -- What is written on them, where there is no partner.
    label        TEXT NOT NULL,
    -- Whether money comes in.
    is_incoming  BOOLEAN NOT NULL,
    -- When they come, in words.
    cadence      TEXT NOT NULL,
    -- How much each is, in the company's currency.
    amount       NUMERIC NOT NULL,
    -- How many were seen.
    seen         INTEGER NOT NULL,
    -- The day of the last one.
    last_date    DATE NOT NULL,
    -- The last day of the contract that they are of.
    until        DATE,
    -- When they come, for the program.
    series       JSONB NOT NULL
);

-- What moved on a day that has passed, in a company's currency; `day` counts from 1970-01-01.
CREATE TABLE forecast.actual (
    company_id  INTEGER NOT NULL,
    day         INTEGER NOT NULL,
    -- The day.
    on_date     DATE NOT NULL,
    -- The balance at its end.
    balance     NUMERIC NOT NULL,
    -- What customers paid.
    ar          NUMERIC NOT NULL,
    -- What was paid to others.
    ap          NUMERIC NOT NULL,
    -- All else, with its sign.
    other       NUMERIC NOT NULL,
    PRIMARY KEY (company_id, day)
);

-- What the accuracy of a company's forecasts says of their intervals.
CREATE TABLE forecast.calibration (
    company_id  INTEGER PRIMARY KEY,
    -- How wide they have to be.
    scales      JSONB NOT NULL,
    -- How many days were looked at.
    days        INTEGER NOT NULL
);

-- A document, and when it is paid.
CREATE TABLE forecast.document (
    kind          TEXT NOT NULL,
    id            INTEGER NOT NULL,
    -- Its root company.
    company_id    INTEGER NOT NULL,
    -- What its payments are of.
    component     TEXT NOT NULL,
    -- Who pays or is paid, by the commercial partner.
    partner_id    INTEGER,
    -- What it is called.
    name          TEXT NOT NULL,
    -- Its currency.
    currency_id   INTEGER NOT NULL,
    -- The day on which it is due, confirmed, or expected to close.
    due           DATE,
    -- How much may move, in the company's currency: what is open after credits, or what it would bring. Money that goes out is positive in `ap`, and negative in `recurring`.
    amount        NUMERIC NOT NULL,
    -- The same for the group, in its currency; 0 where it is between companies of the group.
    group_amount  NUMERIC NOT NULL,
    -- By how much one payment deviates, in the company's currency, where amounts vary.
    deviation     NUMERIC NOT NULL,
    -- How much is expected on which day; what is missing to `amount` comes later or never.
    expected      JSONB NOT NULL,
    -- The same before the evaluation that changed it last; nothing where that was the day's first.
    before        JSONB,
    -- The same at the end of the day before.
    day_before    JSONB NOT NULL,
    -- The number of the evaluation that changed it last.
    evaluation    INTEGER NOT NULL,
    -- What its days rest on, in words.
    why           TEXT NOT NULL,
    -- Why nothing is expected of it, where something in it cannot be used.
    problem       TEXT,
    PRIMARY KEY (kind, id)
);

-- What a company expects for a day, in its currency.
CREATE TABLE forecast.company_forecast (
    company_id           INTEGER NOT NULL,
    id                   INTEGER NOT NULL,
    -- The day on which it was forecast.
    forecast_date        DATE NOT NULL,
    -- The day that it is about; beyond ninety days the last one of its week.
    target_date          DATE NOT NULL,
    -- The balance at its end.
    predicted_balance    NUMERIC NOT NULL,
    -- Four times of five it is at least this, …
    confidence_low       NUMERIC NOT NULL,
    -- … and at most this.
    confidence_high      NUMERIC NOT NULL,
    -- What customers pay.
    ar_expected          NUMERIC NOT NULL,
    -- What is paid to others.
    ap_expected          NUMERIC NOT NULL,
    -- What orders and opportunities bring.
    pipeline_expected    NUMERIC NOT NULL,
    -- What comes again.
    recurring_expected   NUMERIC NOT NULL,
    -- By how much what customers pay up to this day deviates from what is expected.
    ar_deviation         NUMERIC NOT NULL,
    -- The same of what is paid to others.
    ap_deviation         NUMERIC NOT NULL,
    -- The same of orders and opportunities.
    pipeline_deviation   NUMERIC NOT NULL,
    -- The same of what comes again.
    recurring_deviation  NUMERIC NOT NULL,
    PRIMARY KEY (company_id, id)
);

-- Where a company stands today; the group has the number 0.
CREATE TABLE forecast.position (
    company_id          INTEGER PRIMARY KEY,
    -- Its currency.
    currency_id         INTEGER NOT NULL,
    -- The day.
    forecast_date       DATE NOT NULL,
    -- When it was evaluated, by the task's clock.
    evaluated_at        TIMESTAMPTZ NOT NULL,
    -- The number of the evaluation.
    evaluation          INTEGER NOT NULL,
    -- What there is: banks, tills, and what is between two of them.
    opening             NUMERIC NOT NULL,
    -- The same in the evaluation before.
    opening_before      NUMERIC NOT NULL,
    -- The same at the end of the day before.
    opening_day_before  NUMERIC NOT NULL,
    -- Below this there is too little.
    floor               NUMERIC NOT NULL,
    -- The first day on which there will be too little.
    shortfall           DATE,
    -- The first day on which there may be too little, one time of ten.
    at_risk             DATE,
    -- The lowest balance within 181 days, …
    lowest              NUMERIC NOT NULL,
    -- … and its day.
    lowest_date         DATE NOT NULL,
    -- What was told last.
    told                JSONB NOT NULL,
    -- What could not be used in it.
    problem             TEXT
);

-- How far evaluations are. There is one row.
CREATE TABLE forecast.clock (
    id               INTEGER PRIMARY KEY,
    -- The day of the forecast.
    day              DATE NOT NULL,
    -- When something was evaluated last.
    evaluated_at     TIMESTAMPTZ NOT NULL,
    -- When what has changed since is evaluated.
    due_at           TIMESTAMPTZ,
    -- How many evaluations there were.
    evaluation       INTEGER NOT NULL,
    -- The highest number of a repetition.
    last_repetition  INTEGER NOT NULL,
    -- The highest number of a scenario.
    last_scenario    INTEGER NOT NULL,
    -- The settings by which was evaluated.
    settings         JSONB NOT NULL
);

-- What a person has said about an open item.
CREATE TABLE forecast.promise (
    item_id  INTEGER PRIMARY KEY,
    -- What was said.
    kind     TEXT NOT NULL,
    -- The day.
    on_date  DATE NOT NULL,
    -- Who said it.
    person   TEXT NOT NULL,
    -- Why.
    reason   TEXT NOT NULL,
    -- When, by the task's clock.
    said_at  TIMESTAMPTZ NOT NULL
);

-- The forecast that a scenario rests on, as it was.
CREATE TABLE forecast.scenario_base (
    scenario_id  INTEGER PRIMARY KEY,
    -- It.
    base         JSONB NOT NULL
);

-- Lists of what is expected ask for these.
CREATE INDEX document_company ON forecast.document (company_id);
CREATE INDEX company_forecast_date ON forecast.company_forecast (company_id, forecast_date);
