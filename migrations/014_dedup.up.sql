-- Records that may be the same, what they are compared with, and what people decided. All rows of the source are kept.
CREATE SCHEMA dedup;

CREATE TABLE dedup.country (
    id              INTEGER PRIMARY KEY,
    code            TEXT NOT NULL
);

CREATE TABLE dedup.partner (
    id              INTEGER PRIMARY KEY,
    name            TEXT NOT NULL,
    is_company      BOOLEAN NOT NULL,
    active          BOOLEAN NOT NULL,
    -- The partner that it belongs to.
    parent_id       INTEGER,
    -- The company that alone may see it.
    company_id      INTEGER,
    email           TEXT,
    phone           TEXT,
    mobile          TEXT,
    street          TEXT,
    zip             TEXT,
    city            TEXT,
    country_id      INTEGER,
    vat             TEXT,
    -- Invoices and bills that Odoo has counted for it.
    documents       INTEGER NOT NULL
);

CREATE TABLE dedup.lead (
    id              INTEGER PRIMARY KEY,
    title           TEXT NOT NULL,
    active          BOOLEAN NOT NULL,
    company_id      INTEGER,
    contact_name    TEXT,
    partner_name    TEXT,
    email           TEXT,
    phone           TEXT,
    mobile          TEXT,
    street          TEXT,
    zip             TEXT,
    city            TEXT,
    country_id      INTEGER
);

CREATE TABLE dedup.product (
    id              INTEGER PRIMARY KEY,
    name            TEXT NOT NULL,
    active          BOOLEAN NOT NULL,
    company_id      INTEGER,
    code            TEXT,
    price           NUMERIC
);

CREATE TABLE dedup.variant (
    id              INTEGER PRIMARY KEY,
    product_id      INTEGER NOT NULL,
    active          BOOLEAN NOT NULL,
    barcode         TEXT
);

-- What records of an Odoo model are compared with: 1 res.partner, 2 crm.lead, 3 product.template.
CREATE TABLE dedup.model (
    model           INTEGER PRIMARY KEY,
    -- Raised each time one is frozen.
    version         INTEGER NOT NULL,
    -- What agreement is worth, as JSON.
    weights         TEXT NOT NULL,
    -- How often values occur.
    frequencies     BYTEA NOT NULL,
    -- How many records there were.
    records         INTEGER NOT NULL,
    -- The scan that it was frozen for.
    scan_id         INTEGER NOT NULL
);

-- What people decided about pairs, in force while the values are what they were.
CREATE TABLE dedup.decision (
    model           INTEGER NOT NULL,
    first_id        INTEGER NOT NULL,
    second_id       INTEGER NOT NULL,
    same            BOOLEAN NOT NULL,
    -- Fingerprint of the values that it was based on.
    basis           BIGINT NOT NULL,
    -- The group that was decided about.
    group_id        INTEGER NOT NULL,
    person          TEXT NOT NULL,
    note            TEXT NOT NULL,
    decided_at      TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (model, first_id, second_id)
);

-- Records that people chose to stay of their groups.
CREATE TABLE dedup.master (
    model           INTEGER NOT NULL,
    record_id       INTEGER NOT NULL,
    person          TEXT NOT NULL,
    note            TEXT NOT NULL,
    decided_at      TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (model, record_id)
);
