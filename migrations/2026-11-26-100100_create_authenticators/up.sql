-- Authenticator apps, one an account.
CREATE TABLE authenticators (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL UNIQUE REFERENCES accounts (id) ON DELETE CASCADE,
    -- Sealed for the id above, not for the account: a secret of before opens nowhere.
    sealed_secret TEXT NOT NULL,
    -- The key it is sealed under.
    key_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Empty until a first code was right.
    confirmed_at BIGINT,
    -- The newest time step whose code was used: no code works twice.
    last_step BIGINT NOT NULL,
    -- The recovery codes until their owner has kept them, sealed.
    sealed_codes TEXT
);

CREATE TABLE recovery_codes (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- The code's first letter, by which its hash is found.
    position INTEGER NOT NULL,
    code_hash TEXT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (account_id, position)
);
