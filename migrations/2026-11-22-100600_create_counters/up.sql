CREATE TABLE counters (
    key TEXT NOT NULL PRIMARY KEY,
    count BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE INDEX counters_by_end ON counters (ends_at);
