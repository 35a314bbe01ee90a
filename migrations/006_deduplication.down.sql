-- Takes back the deduplication scans and their groups.
DROP TABLE duplicate_groups;
DROP TABLE deduplication_scans;
