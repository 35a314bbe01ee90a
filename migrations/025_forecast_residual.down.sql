ALTER TABLE forecast.company_forecast DROP COLUMN residual_expected;
DROP TABLE forecast.missed;
