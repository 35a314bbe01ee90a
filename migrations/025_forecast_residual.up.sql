-- What forecasts miss again and again is noted, and expected.

-- By how much more came in, or less went out, in a week that has passed than a company's forecast of a Sunday had said by documents and repetitions, in its currency. The id is that of the row of the week's last day.
CREATE TABLE forecast.missed (
    company_id     INTEGER NOT NULL,
    id             INTEGER NOT NULL,
    -- The Sunday on which it was forecast.
    forecast_date  DATE NOT NULL,
    -- The last day of the week.
    target_date    DATE NOT NULL,
    -- By how much.
    amount         NUMERIC NOT NULL,
    PRIMARY KEY (company_id, id)
);

-- What of `recurring_expected` is for what forecasts miss again and again.
ALTER TABLE forecast.company_forecast ADD COLUMN residual_expected NUMERIC NOT NULL DEFAULT 0;
ALTER TABLE forecast.company_forecast ALTER COLUMN residual_expected DROP DEFAULT;
