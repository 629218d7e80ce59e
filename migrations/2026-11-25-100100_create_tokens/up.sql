CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    -- The key that token and session key are derived under.
    key_id TEXT NOT NULL,
    door TEXT NOT NULL,
    -- What opened the door: API credentials, or an account of the GST portal.
    credential_id TEXT REFERENCES credentials (id) ON DELETE CASCADE,
    account_id TEXT REFERENCES accounts (id) ON DELETE CASCADE,
    gstin TEXT NOT NULL,
    username TEXT NOT NULL,
    client_id TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE INDEX tokens_by_credential ON tokens (credential_id, expires_at);
CREATE INDEX tokens_by_gstin ON tokens (gstin, door);
CREATE INDEX tokens_by_client ON tokens (client_id);
CREATE INDEX tokens_by_end ON tokens (expires_at);

-- From where software has signed in last.
ALTER TABLE credentials ADD COLUMN last_used_address TEXT;
