ALTER TABLE challenges DROP COLUMN digits;
