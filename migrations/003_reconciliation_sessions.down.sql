-- Takes back the reconciliation sessions.
DROP TABLE reconciliation_sessions;
