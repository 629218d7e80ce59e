DROP TABLE api_access;
