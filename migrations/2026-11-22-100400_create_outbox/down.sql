DROP TABLE demo_messages;
DROP TABLE outbox;
