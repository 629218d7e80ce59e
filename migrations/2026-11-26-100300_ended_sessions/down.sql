DROP INDEX sessions_by_sid;
ALTER TABLE sessions DROP COLUMN ended_because;
ALTER TABLE sessions DROP COLUMN sid;
