-- How much cash will there be on a day, what if something changes, and how wrong were we?
-- A row of a forecast is one target day as seen on one forecast day.
CREATE TABLE IF NOT EXISTS cash_forecasts (
    id              SERIAL PRIMARY KEY,
    forecast_date   DATE NOT NULL,
    target_date     DATE NOT NULL,
    predicted_balance DECIMAL(15,2) NOT NULL,
    confidence_low  DECIMAL(15,2),
    confidence_high DECIMAL(15,2),
    ar_expected     DECIMAL(15,2) DEFAULT 0,
    ap_expected     DECIMAL(15,2) DEFAULT 0,
    pipeline_expected DECIMAL(15,2) DEFAULT 0,
    recurring_expected DECIMAL(15,2) DEFAULT 0,
    model_version   VARCHAR(50),
    created_at      TIMESTAMP DEFAULT NOW()
);

CREATE INDEX IF NOT EXISTS idx_cash_forecasts_dates ON cash_forecasts(forecast_date, target_date);

CREATE TABLE IF NOT EXISTS forecast_scenarios (
    id              SERIAL PRIMARY KEY,
    name            VARCHAR(255) NOT NULL,
    description     TEXT,
    adjustments     JSONB NOT NULL DEFAULT '{}',
    base_forecast_id INTEGER REFERENCES cash_forecasts(id),
    result_data     JSONB,
    created_by      VARCHAR(255),
    created_at      TIMESTAMP DEFAULT NOW()
);

CREATE TABLE IF NOT EXISTS forecast_accuracy_log (
    id              SERIAL PRIMARY KEY,
    forecast_id     INTEGER REFERENCES cash_forecasts(id),
    target_date     DATE NOT NULL,
    predicted_balance DECIMAL(15,2),
    actual_balance  DECIMAL(15,2),
    error_pct       DECIMAL(8,4),
    logged_at       TIMESTAMP DEFAULT NOW()
);

CREATE INDEX IF NOT EXISTS idx_forecast_accuracy_date ON forecast_accuracy_log(target_date);
