CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    portal TEXT NOT NULL,
    username TEXT NOT NULL,
    gstin TEXT,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    password_changed_at BIGINT NOT NULL,
    last_sign_in_at BIGINT,
    last_sign_in_address TEXT,
    frozen_at BIGINT,
    UNIQUE (portal, username)
);

CREATE TABLE sessions (
    token_hash TEXT NOT NULL PRIMARY KEY,
    portal TEXT NOT NULL,
    account_id TEXT REFERENCES accounts (id),
    state TEXT NOT NULL,
    address TEXT NOT NULL,
    device TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);

CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_last_seen ON sessions (last_seen_at);
