-- One account for a GSTIN in each portal. Accounts of people have no GSTIN, and nulls do not collide.
CREATE UNIQUE INDEX accounts_by_gstin ON accounts (portal, gstin);
