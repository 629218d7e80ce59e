-- The session's own id, which stays while its token is renewed.
ALTER TABLE sessions ADD COLUMN sid TEXT NOT NULL DEFAULT '';
-- Why somebody else than time has ended it; such a row only tells its browser the reason.
ALTER TABLE sessions ADD COLUMN ended_because TEXT;

CREATE INDEX sessions_by_sid ON sessions (sid);
