DROP INDEX accounts_by_gstin;
