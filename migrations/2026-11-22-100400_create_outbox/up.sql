CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    expires_at BIGINT,
    finished_at BIGINT,
    last_error TEXT
);

CREATE INDEX outbox_by_state ON outbox (state, channel, next_attempt_at);

CREATE TABLE demo_messages (
    id TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);
