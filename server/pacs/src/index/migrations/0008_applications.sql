-- Applications that stand in the configuration's file follow it; the others were added while the archive was served.

ALTER TABLE applications ADD COLUMN configured BIGINT NOT NULL DEFAULT 0;
