-- What a rebuild has left beside the results.
DROP SCHEMA IF EXISTS dedup_next, dedup_previous, dedup_now, dedup_verify CASCADE;
DROP TABLE dedup.master;
DROP TABLE dedup.decision;
DROP TABLE dedup.model;
DROP TABLE dedup.variant;
DROP TABLE dedup.product;
DROP TABLE dedup.lead;
DROP TABLE dedup.partner;
DROP TABLE dedup.country;
DROP SCHEMA dedup;
