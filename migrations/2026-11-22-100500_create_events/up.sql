CREATE TABLE events (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    portal TEXT,
    gstin TEXT,
    account_id TEXT,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    address TEXT NOT NULL,
    device TEXT NOT NULL,
    detail TEXT NOT NULL
);

CREATE INDEX events_by_gstin ON events (gstin, id);
