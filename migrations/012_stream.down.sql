DROP TABLE stream.request;
DROP TABLE stream.rules;
DROP TABLE stream.dead_letter;
DROP TABLE stream.outbox;
DROP TABLE stream.checkpoint;
DROP TABLE stream.active;
DROP SCHEMA stream;
