-- Takes back the daily digests.
DROP TABLE daily_digests;
