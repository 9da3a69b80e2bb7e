-- Whose the studies are: numbers of organisations, which the archive knows nothing else of. No object says it, so a rebuild of
-- the index keeps it.
CREATE TABLE custodies (
    study_uid {text} PRIMARY KEY,
    custodian BIGINT NOT NULL
) {keyed};

-- The same beside what is made of objects, for searches. Where there are no organisations the indices are empty.
ALTER TABLE studies ADD COLUMN custodian BIGINT;
ALTER TABLE patients ADD COLUMN custodian BIGINT;
CREATE INDEX studies_of_custodian ON studies (custodian, sort_date, id, patient, instances) WHERE instances > 0 AND custodian IS NOT NULL;
CREATE INDEX patients_of_custodian ON patients (custodian, id) WHERE custodian IS NOT NULL;

-- Whose patients were merged, and what was corrected: a study, or a custodian's patient.
ALTER TABLE patient_merges ADD COLUMN custodian BIGINT;
ALTER TABLE corrections ADD COLUMN study_uid {text};
ALTER TABLE corrections ADD COLUMN custodian BIGINT;

-- Whose the orders are.
ALTER TABLE orders ADD COLUMN custodian BIGINT;

-- Whose the studies become that an application or a device sends.
ALTER TABLE applications ADD COLUMN custodian BIGINT;
ALTER TABLE devices ADD COLUMN custodian BIGINT;
