CREATE TABLE credentials (
    id TEXT NOT NULL PRIMARY KEY,
    gstin TEXT NOT NULL,
    api_username TEXT NOT NULL,
    canonical_username TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    last_used_at BIGINT
);

CREATE INDEX credentials_by_gstin ON credentials (gstin);
