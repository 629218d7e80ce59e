CREATE TABLE integrators (
    client_id TEXT NOT NULL PRIMARY KEY,
    secret_hash TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The taxpayer that integrates directly: the key is for the GSTINs of this PAN only. Null: for everybody's.
    pan TEXT,
    -- May ask whether a token is good (introspection).
    gateway BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    secret_changed_at BIGINT NOT NULL,
    disabled_at BIGINT
);
