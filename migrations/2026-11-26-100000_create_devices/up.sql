-- Browsers that an account was used in, by the digest of their cookie. One browser may be known to many accounts.
CREATE TABLE devices (
    token_hash TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    last_seen_at BIGINT NOT NULL,
    -- When the owner last proved both the password and an OTP there; empty for a browser that was only signed in from.
    proven_at BIGINT,
    PRIMARY KEY (token_hash, account_id)
);

CREATE INDEX devices_by_account ON devices (account_id);
CREATE INDEX devices_by_use ON devices (last_seen_at);
