CREATE SCHEMA countries;

-- A partner that counts.
CREATE TABLE countries.partner (
    id integer PRIMARY KEY,
    country_id integer NOT NULL
);

-- How many partners a country has; none has no row.
CREATE TABLE countries.country (
    country_id integer PRIMARY KEY,
    partners integer NOT NULL,
    updated_at timestamptz NOT NULL
);
