DROP TABLE taxpayer_contacts;
DROP TABLE taxpayers;
