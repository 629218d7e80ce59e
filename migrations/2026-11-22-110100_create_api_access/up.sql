CREATE TABLE api_access (
    gstin TEXT NOT NULL PRIMARY KEY,
    duration TEXT NOT NULL,
    enabled_at BIGINT NOT NULL,
    until BIGINT NOT NULL,
    ended_at BIGINT,
    account_id TEXT NOT NULL,
    replaced_until BIGINT,
    next_notice_at BIGINT
);

CREATE INDEX api_access_by_next_notice ON api_access (next_notice_at);
CREATE INDEX api_access_by_enabled ON api_access (enabled_at);
