ALTER TABLE credentials DROP COLUMN last_used_address;
DROP TABLE tokens;
