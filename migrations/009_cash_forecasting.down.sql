-- Takes back the forecasts, their scenarios and their accuracy.
DROP TABLE forecast_accuracy_log;
DROP TABLE forecast_scenarios;
DROP TABLE cash_forecasts;
