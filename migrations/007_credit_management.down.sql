-- Takes back the credit scores.
DROP TABLE credit_scores;
