-- Bank lines, what each may pay, what was learned from those that are done, and the rows of the source that this follows from.
CREATE SCHEMA reconciliation;

-- A company.
CREATE TABLE reconciliation.company (
    id           INTEGER PRIMARY KEY,
    -- The companies that it is a branch of, the root first, and itself.
    path         JSONB NOT NULL,
    -- Its currency.
    currency_id  INTEGER NOT NULL,
    -- The partner that it is itself.
    partner_id   INTEGER
);

-- A currency.
CREATE TABLE reconciliation.currency (
    id        INTEGER PRIMARY KEY,
    -- ISO 4217 code.
    name      TEXT NOT NULL,
    -- Digits behind the point.
    decimals  INTEGER NOT NULL
);

-- A rate: units of a currency for one of the company's.
CREATE TABLE reconciliation.currency_rate (
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

-- Somebody who pays, or is paid.
CREATE TABLE reconciliation.partner (
    id             INTEGER PRIMARY KEY,
    -- Its name.
    name           TEXT NOT NULL,
    -- The company that it belongs to, or itself.
    commercial_id  INTEGER NOT NULL,
    -- The company that alone may see it.
    company_id     INTEGER
);

-- A partner's bank account.
CREATE TABLE reconciliation.partner_bank (
    id          INTEGER PRIMARY KEY,
    -- Whose it is.
    partner_id  INTEGER NOT NULL,
    -- Its number.
    number      TEXT NOT NULL
);

-- A journal.
CREATE TABLE reconciliation.journal (
    id                   INTEGER PRIMARY KEY,
    -- Its company.
    company_id           INTEGER NOT NULL,
    -- Short code.
    code                 TEXT NOT NULL,
    -- Whether statements are imported into it: a bank, a till, a credit card.
    moves_money          BOOLEAN NOT NULL,
    -- The account of what is not matched yet.
    suspense_account_id  INTEGER,
    -- Its currency where that is not the company's.
    currency_id          INTEGER
);

-- An account of the ledger.
CREATE TABLE reconciliation.account (
    id            INTEGER PRIMARY KEY,
    -- Odoo's `account_type`.
    account_type  TEXT NOT NULL,
    -- Whether its items are matched with each other.
    reconcile     BOOLEAN NOT NULL,
    -- Its number, of whichever company has one.
    code          TEXT
);

-- A journal entry that says more than its items do: an invoice, or that of a bank line.
CREATE TABLE reconciliation.entry (
    id                 INTEGER PRIMARY KEY,
    -- Odoo's `move_type`.
    move_type          TEXT NOT NULL,
    -- Whether it is posted.
    posted             BOOLEAN NOT NULL,
    -- Its day.
    day                DATE,
    -- What the payer is asked to quote.
    payment_reference  TEXT,
    -- What the other side calls it.
    reference          TEXT,
    -- Notes, as HTML.
    narration          TEXT,
    -- The bank line that it is of.
    line_id            INTEGER
);

-- A posted journal item that is open, was matched, or is of a bank line.
CREATE TABLE reconciliation.item (
    id            INTEGER PRIMARY KEY,
    -- Its entry.
    move_id       INTEGER NOT NULL,
    -- The entry's number.
    number        TEXT,
    -- What the other side calls it.
    reference     TEXT,
    -- Its company.
    company_id    INTEGER NOT NULL,
    -- Whose it is.
    partner_id    INTEGER,
    -- Its account.
    account_id    INTEGER,
    -- Its currency.
    currency_id   INTEGER,
    -- The whole amount in its currency; debit is positive.
    amount        NUMERIC NOT NULL,
    -- What is open of it, in its currency.
    residual      NUMERIC NOT NULL,
    -- Whether it is matched in full.
    reconciled    BOOLEAN NOT NULL,
    -- Its day.
    day           DATE NOT NULL,
    -- The day on which it is due.
    due           DATE NOT NULL,
    -- The last day of a discount, …
    discount_day  DATE,
    -- … and what is to be paid until then, in its currency.
    discounted    NUMERIC,
    -- Whether it is of a registered payment.
    of_payment    BOOLEAN NOT NULL,
    -- Whether it is of a product: stock and cost, not what somebody owes.
    of_product    BOOLEAN NOT NULL,
    -- The bank line that it is of.
    line_id       INTEGER
);

-- Two items that are matched with each other.
CREATE TABLE reconciliation.partial (
    id             INTEGER PRIMARY KEY,
    -- The debit item.
    debit_id       INTEGER NOT NULL,
    -- The credit item.
    credit_id      INTEGER NOT NULL,
    -- How much, in the debit item's currency, …
    debit_amount   NUMERIC NOT NULL,
    -- … and in the credit item's.
    credit_amount  NUMERIC NOT NULL
);

-- A line of a bank statement, as the bank and people have it.
CREATE TABLE reconciliation.statement_line (
    id                   INTEGER PRIMARY KEY,
    -- Its entry.
    move_id              INTEGER NOT NULL,
    -- Its journal.
    journal_id           INTEGER NOT NULL,
    -- Its company, where that is not the journal's.
    company_id           INTEGER,
    -- Who is on the other side, where somebody says so.
    partner_id           INTEGER,
    -- Their name, as the bank writes it.
    partner_name         TEXT,
    -- Their account.
    account_number       TEXT,
    -- What the payer wrote.
    label                TEXT,
    -- What else the bank says, as JSON.
    details              TEXT,
    -- What the bank knows it by.
    bank_id              TEXT,
    -- What came, or went where it is negative, in the journal's currency.
    amount               NUMERIC NOT NULL,
    -- The currency in which it was paid, where that is another, …
    foreign_currency_id  INTEGER,
    -- … and the amount in it.
    foreign_amount       NUMERIC NOT NULL,
    -- What is not matched of it, with the opposite sign; in the foreign currency where there is one.
    residual             NUMERIC NOT NULL,
    -- Whether it is done.
    reconciled           BOOLEAN NOT NULL
);

-- A reconciliation model that is active, and that people have made.
CREATE TABLE reconciliation.model (
    id             INTEGER PRIMARY KEY,
    -- The company whose lines it is for; up to Odoo 18 those of its branches, too.
    company_id     INTEGER NOT NULL,
    -- Of several that fit, the one with the smallest is meant, then the one with the smallest id.
    sequence       INTEGER NOT NULL,
    -- Whether it is of Odoo 18 or earlier, which reads the conditions otherwise than Odoo 19.
    is_former      BOOLEAN NOT NULL,
    -- Whether lines are booked as its own lines say.
    books          BOOLEAN NOT NULL,
    -- Whether it says who is on the other side.
    names          BOOLEAN NOT NULL,
    -- Whether it asks for something of a line that is not known here.
    asks_more      BOOLEAN NOT NULL,
    -- Who is on the other side, from Odoo 19 on.
    payer_id       INTEGER,
    -- Whether a line has to have a partner, up to Odoo 18.
    needs_partner  BOOLEAN NOT NULL,
    -- Whether a line has to come in, or to go out, up to Odoo 18.
    is_credit      BOOLEAN,
    -- How much a line has to be: lower, greater or between.
    amount         TEXT,
    -- The least amount, in the journal's currency.
    least          NUMERIC NOT NULL,
    -- The greatest amount.
    most           NUMERIC NOT NULL,
    -- How the label is compared, up to Odoo 18; from Odoo 19 on label, notes and what else the bank says, …
    label          TEXT,
    -- … and with what.
    label_text     TEXT,
    -- How the notes are compared, up to Odoo 18, …
    notes          TEXT,
    -- … and with what.
    notes_text     TEXT,
    -- How what else the bank says is compared, up to Odoo 18, …
    details        TEXT,
    -- … and with what.
    details_text   TEXT
);

-- What a model books.
CREATE TABLE reconciliation.model_line (
    id          INTEGER PRIMARY KEY,
    -- The model.
    model_id    INTEGER NOT NULL,
    -- The account of the ledger.
    account_id  INTEGER,
    -- Whether it takes all that is left of the bank line.
    is_whole    BOOLEAN NOT NULL
);

-- A tax that is taken out of what a line of a model books.
CREATE TABLE reconciliation.model_tax (
    model_line_id  INTEGER NOT NULL,
    tax_id         INTEGER NOT NULL,
    PRIMARY KEY (model_line_id, tax_id)
);

-- Who is on the other side of lines with certain texts, up to Odoo 18.
CREATE TABLE reconciliation.model_payer (
    id        INTEGER PRIMARY KEY,
    -- The model.
    model_id  INTEGER NOT NULL,
    -- Who is on the other side.
    payer_id  INTEGER NOT NULL,
    -- What the label begins with, as a regular expression; capitals matter.
    label     TEXT,
    -- What the notes begin with.
    notes     TEXT
);

-- A journal whose lines alone a model is for.
CREATE TABLE reconciliation.model_journal (
    model_id    INTEGER NOT NULL,
    journal_id  INTEGER NOT NULL,
    PRIMARY KEY (model_id, journal_id)
);

-- A partner whose lines alone a model is for.
CREATE TABLE reconciliation.model_partner (
    model_id    INTEGER NOT NULL,
    partner_id  INTEGER NOT NULL,
    PRIMARY KEY (model_id, partner_id)
);

-- A bank line that is, or was, looked at.
CREATE TABLE reconciliation.line (
    id           INTEGER PRIMARY KEY,
    -- Its company.
    company_id   INTEGER NOT NULL,
    -- Its journal.
    journal_id   INTEGER NOT NULL,
    -- Its journal entry.
    move_id      INTEGER NOT NULL,
    -- The day on which the bank booked it.
    day          DATE NOT NULL,
    -- What is not matched of it; what was matched where it is done.
    amount       NUMERIC NOT NULL,
    -- The amount's currency.
    currency     TEXT NOT NULL,
    -- What it is at present.
    status       TEXT NOT NULL,
    -- What is asked for; what it has paid where it is done.
    allocations  JSONB NOT NULL,
    -- The account that it is to be booked on, or was, where it pays nothing that is open.
    account_id   INTEGER,
    -- Who decided: a person, or `ledgerwell`.
    decided_by   TEXT,
    -- What the person said.
    reason       TEXT,
    -- The session in which it was done, in `reconciliation_sessions`.
    session_id   INTEGER,
    -- Whether it was done as Ledgerwell had asked for by itself.
    auto         BOOLEAN NOT NULL,
    -- Whether a match of it was taken back in Odoo, so that it is for a person.
    taken_back   BOOLEAN NOT NULL,
    -- What a person saw who put it off: it is back when that changes.
    basis        BIGINT,
    -- Since when it is what it is, by the task's clock.
    since        TIMESTAMPTZ NOT NULL
);

-- What a bank line may be. When the line is done, its rows stay as they were.
CREATE TABLE reconciliation.proposal (
    line_id        INTEGER NOT NULL,
    rank           INTEGER NOT NULL,
    -- In which way it pays: exact, rounding, discount, fee, exchange, partial, overpayment, payout, write_off or none.
    kind           TEXT NOT NULL,
    -- The entries of the items, in the order of `allocations`.
    move_ids       JSONB NOT NULL,
    -- The items, and how much of each.
    allocations    JSONB NOT NULL,
    -- The account, for a write-off.
    account_id     INTEGER,
    -- How likely it is, from 0 to 1, by what became of proposals that looked as likely.
    probability    NUMERIC NOT NULL,
    -- Whether it may be booked without anybody looking at it.
    auto           BOOLEAN NOT NULL,
    -- Why not; empty where it may.
    waits          JSONB NOT NULL,
    -- What the line has more than the items, in the line's currency.
    left_over      NUMERIC NOT NULL,
    -- What becomes of that, in words.
    left_over_why  TEXT NOT NULL,
    -- All evidence together, in bits.
    bits           DOUBLE PRECISION NOT NULL,
    -- What speaks for it and against it.
    evidence       JSONB NOT NULL,
    -- Why it is not the first, in words; empty for the first.
    lost_by        TEXT NOT NULL,
    -- How likely it looks by itself.
    raw            DOUBLE PRECISION NOT NULL,
    -- Fingerprint of the items and the evidence.
    basis          BIGINT NOT NULL,
    PRIMARY KEY (line_id, rank)
);

-- What a person has refused, in force while its evidence is what it was.
CREATE TABLE reconciliation.refusal (
    line_id     INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    -- Fingerprint of the items and the evidence.
    basis       BIGINT NOT NULL,
    -- Who refused.
    person      TEXT NOT NULL,
    -- Why.
    reason      TEXT NOT NULL,
    -- When, by the task's clock.
    refused_at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (line_id, number)
);

-- A rule that was learned, and what supports it.
CREATE TABLE reconciliation.learned_rule (
    id            INTEGER PRIMARY KEY,
    -- The company whose lines it was learned from.
    company_id    INTEGER NOT NULL,
    -- What it says.
    kind          TEXT NOT NULL,
    -- The bank account, the name, or the words; as they are compared.
    subject       TEXT NOT NULL,
    -- Whether it is of lines that come in; of write-offs only.
    is_credit     BOOLEAN NOT NULL,
    -- The partner, or the account of the ledger.
    target_id     INTEGER NOT NULL,
    -- Lines that confirmed it, faded with time.
    confirmed     DOUBLE PRECISION NOT NULL,
    -- Lines that contradicted it, faded with time.
    contradicted  DOUBLE PRECISION NOT NULL,
    -- The day of the last of them.
    last_day      DATE NOT NULL,
    -- Whether it is relied on.
    holds         BOOLEAN NOT NULL,
    -- Whether a person has switched it off.
    switched_off  BOOLEAN NOT NULL,
    -- Who, where somebody has.
    person        TEXT,
    -- Why.
    reason        TEXT
);

-- What lines with the same words were.
CREATE TABLE reconciliation.learned_text (
    id                INTEGER PRIMARY KEY,
    -- The company.
    company_id        INTEGER NOT NULL,
    -- The words.
    signature         TEXT NOT NULL,
    -- Whether it is of lines that come in.
    is_credit         BOOLEAN NOT NULL,
    -- Lines that paid nothing that was open.
    nothing           DOUBLE PRECISION NOT NULL,
    -- Lines that paid something.
    items             DOUBLE PRECISION NOT NULL,
    -- Payouts of a payment provider.
    payouts           DOUBLE PRECISION NOT NULL,
    -- The mean of what it kept of them, in hundredths of a per cent.
    kept              DOUBLE PRECISION NOT NULL,
    -- `nothing` as of the beginning of the day, which is what lines are weighed with, …
    nothing_in_force  DOUBLE PRECISION NOT NULL,
    -- … `items`, …
    items_in_force    DOUBLE PRECISION NOT NULL,
    -- … `payouts` …
    payouts_in_force  DOUBLE PRECISION NOT NULL,
    -- … and `kept`.
    kept_in_force     DOUBLE PRECISION NOT NULL
);

-- A word that is on lines that paid in full.
CREATE TABLE reconciliation.learned_word (
    id          INTEGER PRIMARY KEY,
    -- The company.
    company_id  INTEGER NOT NULL,
    -- The word.
    word        TEXT NOT NULL,
    -- How many lines.
    lines       INTEGER NOT NULL
);

-- When a partner pays: lines by the number of days after the due day. Partner 0 is all of them.
CREATE TABLE reconciliation.habit (
    company_id  INTEGER NOT NULL,
    partner_id  INTEGER NOT NULL,
    -- Lines, by bin of days.
    lines       JSONB NOT NULL,
    -- The same as of the beginning of the day, which is what lines are weighed with.
    in_force    JSONB NOT NULL,
    PRIMARY KEY (company_id, partner_id)
);

-- How often what was proposed for a journal's lines was right.
CREATE TABLE reconciliation.journal_trust (
    journal_id        INTEGER PRIMARY KEY,
    -- Lines that are done since one was booked alone and was wrong.
    trusted           INTEGER NOT NULL,
    -- Proposals and right ones, by how sure they looked.
    proposals         JSONB NOT NULL,
    -- `trusted` as of the beginning of the day, …
    trusted_in_force  INTEGER NOT NULL,
    -- … and `proposals`.
    in_force          JSONB NOT NULL
);

-- The day at whose beginning all lines were looked at with what was learned before. One row.
CREATE TABLE reconciliation.refreshed (
    id   INTEGER PRIMARY KEY,
    -- The day, in the source's time zone.
    day  DATE NOT NULL
);

-- Lists of lines by what they are, and of those of a session.
CREATE INDEX line_status ON reconciliation.line (journal_id, status, id);
CREATE INDEX line_session ON reconciliation.line (session_id, id) WHERE session_id IS NOT NULL;
