DROP INDEX events_by_account;
