-- The name of a person; accounts of GSTINs have none.
ALTER TABLE accounts ADD COLUMN name TEXT;
-- What a walk has collected besides its contact, as JSON.
ALTER TABLE journeys ADD COLUMN data TEXT;

CREATE TABLE workspaces (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE members (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    role TEXT NOT NULL,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, account_id)
);

CREATE INDEX members_by_account ON members (account_id);

CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    invited_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    accepted_at BIGINT
);

CREATE INDEX invitations_by_workspace ON invitations (workspace_id);

CREATE TABLE workspace_gstins (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    gstin TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, gstin)
);

CREATE TABLE saved_credentials (
    id TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    gstin TEXT NOT NULL,
    api_username TEXT NOT NULL,
    sealed_password TEXT NOT NULL,
    key_id TEXT NOT NULL,
    state TEXT NOT NULL,
    tested_at BIGINT,
    changed_at BIGINT NOT NULL,
    stale_since BIGINT,
    UNIQUE (workspace_id, gstin),
    FOREIGN KEY (workspace_id, gstin) REFERENCES workspace_gstins (workspace_id, gstin) ON DELETE CASCADE
);

CREATE INDEX saved_credentials_by_gstin ON saved_credentials (gstin);
CREATE INDEX saved_credentials_by_key ON saved_credentials (key_id);

CREATE TABLE handoffs (
    token_hash TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    session_id TEXT NOT NULL,
    gstin TEXT NOT NULL,
    purpose TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    consumed_at BIGINT,
    finished_at BIGINT
);

CREATE INDEX handoffs_by_end ON handoffs (expires_at);

CREATE TABLE gstin_imports (
    id TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    account_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);

CREATE INDEX gstin_imports_by_state ON gstin_imports (state);
CREATE INDEX gstin_imports_by_workspace ON gstin_imports (workspace_id, created_at);

CREATE TABLE gstin_import_rows (
    import_id TEXT NOT NULL REFERENCES gstin_imports (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    typed TEXT NOT NULL,
    gstin TEXT,
    outcome TEXT,
    PRIMARY KEY (import_id, position)
);
