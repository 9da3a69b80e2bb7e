-- Who merged patients, and who undid it.

ALTER TABLE patient_merges ADD COLUMN actor {text} NOT NULL DEFAULT '';
ALTER TABLE patient_merges ADD COLUMN undone_by {text};
