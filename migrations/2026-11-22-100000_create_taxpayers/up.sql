CREATE TABLE taxpayers (
    gstin TEXT NOT NULL PRIMARY KEY,
    legal_name TEXT NOT NULL,
    trade_name TEXT,
    constitution TEXT,
    taxpayer_type TEXT,
    status TEXT,
    registered_on TEXT,
    cancelled_on TEXT,
    centre_jurisdiction TEXT,
    state_jurisdiction TEXT,
    building TEXT,
    street TEXT,
    locality TEXT,
    city TEXT,
    district TEXT,
    state_code TEXT,
    pincode TEXT,
    einvoice_enabled BOOLEAN,
    sandbox BOOLEAN NOT NULL,
    people TEXT NOT NULL,
    activities TEXT NOT NULL,
    other_places TEXT NOT NULL,
    compliance_rating TEXT,
    source TEXT NOT NULL,
    imported_at BIGINT NOT NULL
);

CREATE TABLE taxpayer_contacts (
    gstin TEXT NOT NULL,
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (gstin, kind, position)
);

-- Few rows or none: whether there are any is asked at every start.
CREATE INDEX taxpayers_samples ON taxpayers (gstin) WHERE source = 'sample';
