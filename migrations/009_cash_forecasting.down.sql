-- Takes back the forecasts, their scenarios and their accuracy.
SELECT _ledgerwell_drop('index', 'idx_forecast_accuracy_date');
SELECT _ledgerwell_drop('table', 'forecast_accuracy_log');
SELECT _ledgerwell_drop('table', 'forecast_scenarios');
SELECT _ledgerwell_drop('index', 'idx_cash_forecasts_dates');
SELECT _ledgerwell_drop('table', 'cash_forecasts');
