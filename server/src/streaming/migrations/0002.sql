-- Sessions that others than their owner may take part in.
ALTER TABLE viewer_sessions ADD COLUMN is_shared BIGINT NOT NULL DEFAULT 0;
