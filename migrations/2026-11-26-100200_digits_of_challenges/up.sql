-- How many digits its OTP has: more while somebody guesses.
ALTER TABLE challenges ADD COLUMN digits INTEGER NOT NULL DEFAULT 6;
