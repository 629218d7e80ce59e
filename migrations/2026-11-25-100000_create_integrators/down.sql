DROP TABLE integrators;
