CREATE TABLE journeys (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    portal TEXT NOT NULL,
    subject TEXT NOT NULL,
    stage TEXT NOT NULL,
    email TEXT,
    mobile TEXT,
    started_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    verified_at BIGINT
);

CREATE INDEX journeys_by_last_seen ON journeys (last_seen_at);

CREATE TABLE challenges (
    id TEXT NOT NULL PRIMARY KEY,
    journey_id TEXT NOT NULL REFERENCES journeys (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    subject TEXT NOT NULL,
    mac TEXT NOT NULL,
    sent_to TEXT NOT NULL,
    tries INTEGER NOT NULL,
    sent_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    consumed_at BIGINT,
    replaced_at BIGINT
);

CREATE INDEX challenges_by_journey ON challenges (journey_id, sent_at);
